/** The table of components, in the order of the report: the platform first, then what it stands on. */
import type { Component } from "../engine/model.ts";
import { argoCd } from "./argo_cd/mod.ts";
import { externalSecretsComponent } from "./external_secrets/mod.ts";
import { flux } from "./flux/mod.ts";
import { declaredHome, kubernetes } from "./kubernetes/mod.ts";
import { nessie } from "./nessie/mod.ts";
import { network } from "./network/mod.ts";
import { nodesComponent } from "./nodes/mod.ts";
import { onepasswordConnect } from "./onepassword/mod.ts";
import { discoveryOf, platformOf } from "./platform/mod.ts";
import { postgresql } from "./postgresql/mod.ts";
import { rookCeph } from "./rook_ceph/mod.ts";
import { s3User } from "./object_store/mod.ts";
import { sparkClient, sparkHistoryServer, sparkOperator } from "./spark/mod.ts";
import { storage } from "./storage/mod.ts";
import { workloads } from "./workloads/mod.ts";

const parts: readonly Component[] = [
  nessie,
  postgresql,
  sparkOperator,
  sparkHistoryServer,
  sparkClient,
  s3User,
  flux,
  argoCd,
  externalSecretsComponent,
  onepasswordConnect,
  rookCeph,
  storage,
  network,
  workloads,
  nodesComponent,
  kubernetes,
];

export const components: readonly Component[] = [...parts, platformOf(parts)];

/** What the platform consists of, without judging it. */
export const discovery: readonly Component[] = [discoveryOf(parts)];
/** Where the platform is, for a command that judges some components only. */
export const whereabouts: Pick<Component, "home" | "declaredHome"> = {
  declaredHome,
  home: (world) => parts.flatMap((component) => component.home?.(world) ?? []),
};
