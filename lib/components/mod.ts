/** The table of components, in the order of the report: the platform first, then what it stands on. */
import type { Component } from "../engine/model.ts";
import { argoCd } from "./argo_cd/mod.ts";
import { externalSecretsComponent } from "./external_secrets/mod.ts";
import { flux } from "./flux/mod.ts";
import { kubernetes } from "./kubernetes/mod.ts";
import { nessie } from "./nessie/mod.ts";
import { network } from "./network/mod.ts";
import { nodesComponent } from "./nodes/mod.ts";
import { onepasswordConnect } from "./onepassword/mod.ts";
import { postgresql } from "./postgresql/mod.ts";
import { rookCeph } from "./rook_ceph/mod.ts";
import { s3User } from "./object_store/mod.ts";
import { sparkClient, sparkHistoryServer, sparkOperator } from "./spark/mod.ts";
import { storage } from "./storage/mod.ts";
import { workloads } from "./workloads/mod.ts";

export const components: readonly Component[] = [
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
