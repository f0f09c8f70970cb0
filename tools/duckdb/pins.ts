/** DuckDB's extensions on PyPI, by system: what `pip` must get, byte by byte. DuckDB checks their signatures besides. */
import type { DUCKDB_EXTENSIONS } from "../../lib/checkpoints/iceberg/engines/duckdb_extensions.ts";

export type ExtensionName = typeof DUCKDB_EXTENSIONS[number];

export interface PlatformPin {
  /** As PyPI calls the system. */
  tag: string;
  sha256: Readonly<Record<ExtensionName, string>>;
}

/** By DuckDB's name for the system. */
export const EXTENSION_PINS: Readonly<Record<string, PlatformPin>> = {
  linux_amd64: {
    tag: "manylinux2014_x86_64",
    sha256: {
      httpfs: "84913dbe172ccb54368de2c4a020c38ca8b0e76f99df548f7fac37934cc7826f",
      avro: "9b7b37455a8e9ae498b0fa97404831c15c412aa5fd2c969c032e1d8231a43049",
      iceberg: "cb7d238d733dff8047771be11f75d21aa417152c992e26ed7688d0d334285bb4",
    },
  },
  linux_arm64: {
    tag: "manylinux2014_aarch64",
    sha256: {
      httpfs: "567d17e398fc29f7ea4bc42ea277ea19643bd1ad1815f676cb6dd994b50399bb",
      avro: "a6419f1cd35f4758835e1837ff26afbb3ff4cc1b42c860713e5d3d83db3f00d2",
      iceberg: "55693f9cb69641b175d17b02f3c2825971754f9c256740526b3abc2a2d8c4dd3",
    },
  },
  osx_amd64: {
    tag: "macosx_11_0_x86_64",
    sha256: {
      httpfs: "5dc6e48e7a6d4c775d88fcd9b6529b385559600c0cd17a2600addfdd34ae3060",
      avro: "e514845752cd645f7bdf16e52a3e4c5147c4ef421cc1f7907075c70646c3d520",
      iceberg: "053347720290e2641cdbec50487e97546a32afb57424a9f6402abd5ab561c612",
    },
  },
  osx_arm64: {
    tag: "macosx_11_0_arm64",
    sha256: {
      httpfs: "a6d9b245ac83834543354e826020b35b8dba16291bb876b2b00bd49f2c6aeb9d",
      avro: "78a1bfdae015b3561a9a00f2f8265bdf87602fae75058c6087b893c34fac4ac7",
      iceberg: "8d8ef361dfe75d9d158ba2639373b833e8e13e62e7fcb76be813e560b2a89938",
    },
  },
  windows_amd64: {
    tag: "win_amd64",
    sha256: {
      httpfs: "138fd4368906c04636642023c123bd564d1bd1b9b75cd762f9f9bfad6fccb1ba",
      avro: "5154f5d77ba764cc2a407f82cbc31d22729668581b84da4b63fc0d5df1d8ebc9",
      iceberg: "c3cbead9fe759b4a9180ea84460c4108026d570b67cb6f365ee1e5293801aba6",
    },
  },
};
