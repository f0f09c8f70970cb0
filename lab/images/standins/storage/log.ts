/** One line of the log. */
export function log(level: "I" | "E", where: string, message: string): void {
  console.error(`${new Date().toISOString()} ${level} | ${where}: ${message}`);
}
