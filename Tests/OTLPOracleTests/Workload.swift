import TestInputs

/// Given to the oracle and our scanners. Ten million take 13 minutes of processor time; their differences are mended, or
/// among the known ones.
let workload = Workload(standardCount: 6000)
