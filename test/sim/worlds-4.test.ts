import { describeWorlds } from "./describe-worlds.js";

describeWorlds(4);
