/** What `1p:status` judges: how secrets come from 1Password, and what that stands on. */
import { externalSecrets } from "../components/external_secrets.ts";
import { kubernetes } from "../components/kubernetes.ts";
import { onepasswordConnect } from "../components/onepassword_connect.ts";
import { secretSupply } from "../components/secret_supply.ts";
import type { Component } from "../model.ts";
import { budgetCheck } from "./budget_check.ts";

/** External Secrets first: what is missing of its kinds is its to tell. */
export const doctor: readonly Component[] = [
  externalSecrets,
  onepasswordConnect,
  { ...secretSupply, checks: [...secretSupply.checks, budgetCheck] },
  kubernetes,
];
