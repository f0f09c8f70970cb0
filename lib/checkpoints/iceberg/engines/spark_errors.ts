/** Java's exceptions: those that the program in the pod sends, and those that the JVM wrote when it did not start. Pure. */
import type { ErrorLink } from "./engine.ts";

/** Links that are kept of a chain, and how much of each. */
const MOST_LINKS = 20;
const MESSAGE_CHARACTERS = 8192;

/** A chain of the program: a list of pairs of class and message. What is not understood is left out. */
export function linksOf(value: unknown): ErrorLink[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MOST_LINKS).flatMap((link: unknown): ErrorLink[] => {
    const [type, message] = Array.isArray(link) ? link : [];
    return typeof type === "string" && typeof message === "string" ? [linkOf(type, message)] : [];
  });
}

/**
 * `Exception in thread "main" CLASS: MESSAGE`, `Caused by: CLASS: MESSAGE`, `CLASS: MESSAGE`; and where memory is too
 * short for more, `Exception: CLASS thrown from the UncaughtExceptionHandler in thread "main"`.
 */
const THROWN =
  /^(?:Exception in thread "[^"]{0,100}" |Caused by: |Exception: )?((?:[a-z_$][\w$]{0,60}\.){1,12}[A-Z][\w$]{0,100}(?:Exception|Error|Failure|Throwable)\w{0,20})(?:: (.*)| thrown from .*)?$/;

/** What the JVM says of itself before it runs anything. */
const OF_THE_JVM =
  /^(?:Error occurred during initialization of VM|Could not create the Java|Error: |OpenJDK .{0,100}warning: |\[?error\]? )/i;

/** The exceptions in what a program wrote, in their order, each once. */
export function chainIn(text: string): ErrorLink[] {
  const links = new Map<string, ErrorLink>();
  for (const line of text.split("\n")) {
    const short = line.slice(0, MESSAGE_CHARACTERS).trimEnd();
    const [, type, message = ""] = THROWN.exec(short) ?? [];
    const link = type !== undefined
      ? linkOf(type, message)
      : OF_THE_JVM.test(short)
      ? linkOf("lakecheck.Said", short)
      : undefined;
    if (link && links.size < MOST_LINKS) links.set(`${link.type} ${link.message}`, link);
  }
  return [...links.values()];
}

function linkOf(type: string, message: string): ErrorLink {
  return { type: type.slice(0, 300), message: message.slice(0, MESSAGE_CHARACTERS) };
}
