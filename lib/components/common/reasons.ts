/** The reasons of pods and workloads, and which of them a broken need can explain. */
import { IN_PROGRESS } from "../../engine/model.ts";

/** A container's configuration cannot be put together. */
export const CONFIG_ERRORS = ["CreateContainerConfigError", "FailedMount", IN_PROGRESS] as const;

/** The image cannot be had. */
export const IMAGE_ERRORS = [
  "ImagePullBackOff",
  "ErrImagePull",
  "ImageInspectError",
  "ErrImageNeverPull",
] as const;

/** The process runs, or ran, and does not get what it asks others for. */
export const CONNECTION_ERRORS = [
  IN_PROGRESS,
  "CrashLoopBackOff",
  "ContainerFailed",
  "NotReady",
  "Restarting",
  "PodFailed",
] as const;

/** The pod was not placed or not set up on its node. */
export const PLACEMENT_ERRORS = [
  "Unschedulable",
  "NotScheduled",
  "NotStarted",
  "SandboxFailed",
  "FailedAttachVolume",
] as const;

/** Everything a pod can fail with. */
export const POD_ERRORS = [
  ...CONFIG_ERRORS,
  ...IMAGE_ERRORS,
  ...CONNECTION_ERRORS,
  ...PLACEMENT_ERRORS,
  "OOMKilled",
  "InvalidImageName",
  "RunContainerError",
  "CreateContainerError",
  "TerminatingStuck",
  "Evicted",
] as const;

/** A workload that has too few ready pods, for whatever reason its pods give. */
export const WORKLOAD_ERRORS = ["NoneReady", "SomeReady", "RolloutStuck", "RollingOut", "JobFailed"] as const;

/** A workload whose pods cannot even be created. */
export const CREATION_ERRORS = ["FailedCreate", "NotObserved", "NoneReady", "SomeReady"] as const;

/** A Service behind which nobody answers, or what a probe through it got. */
export const SERVICE_ERRORS = ["NoEndpoints", "NoPort", "NoAnswer", "ErrorAnswer", "Missing"] as const;
