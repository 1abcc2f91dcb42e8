// The package's worker in a browser whose storage the test breaks and mends.

import "./trouble.js";
import "../../src/shared-worker.js";
