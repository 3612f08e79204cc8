import Observations

/// What is counted besides requests that were taken or refused.
extension CountLedger {
  func recordPushback() { update { $0.pushedBack += 1 } }

  func recordFault() { update { $0.faultedRequests += 1 } }

  func recordForwarded() { update { $0.forwarded += 1 } }

  func recordForwardFailure(_ reason: String, bodies: Int = 1) {
    update { counts in
      counts.forwardFailed += UInt64(clamping: bodies)
      counts.forwardFailure = reason
    }
  }

  func recordStall(nanoseconds: Int64) {
    update { $0.longestStallNanoseconds = max($0.longestStallNanoseconds, nanoseconds) }
  }
}
