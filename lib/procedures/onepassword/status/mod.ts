/** What `1p:status` judges: how secrets come from 1Password, and what that stands on. */
import { externalSecretsComponent as externalSecrets } from "../../../components/external_secrets/mod.ts";
import { whereabouts } from "../../../components/mod.ts";
import { kubernetes } from "../../../components/kubernetes/mod.ts";
import { onepasswordConnect } from "../../../components/onepassword/mod.ts";
import { secretSupply } from "../../../components/secret_supply/mod.ts";
import type { Component } from "../../../engine/model.ts";
import { budgetCheck } from "./budget_check.ts";

/** External Secrets first: what is missing of its kinds is its to tell. */
export const doctor: readonly Component[] = [
  externalSecrets,
  onepasswordConnect,
  { ...secretSupply, ...whereabouts, checks: [...secretSupply.checks, budgetCheck] },
  kubernetes,
];
