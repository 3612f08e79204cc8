package import Observations
import TraceContext

// The words of findings for what was seen.

extension EchoedContext {
  var text: String {
    switch self {
    case .absent: "no trace context"
    case .wrongType: "a trace context of the wrong JSON type"
    case .malformed(let fault): "a traceparent that is malformed: \(fault.text)"
    case .present(let traceparent): traceparent.description
    }
  }
}

extension TraceparentFault {
  var text: String {
    switch self {
    case .wrongLength(let count): "\(count) bytes long"
    case .malformedVersion: "its version is not two lowercase hex digits"
    case .forbiddenVersion: "version ff"
    case .missingDash(let offset): "no dash at byte \(offset)"
    case .malformedTraceID: "its trace ID is not 32 lowercase hex digits"
    case .zeroTraceID: "its trace ID is all zero"
    case .malformedParentID: "its parent ID is not 16 lowercase hex digits"
    case .zeroParentID: "its parent ID is all zero"
    case .malformedFlags: "its flags are not two lowercase hex digits"
    }
  }
}

extension UnreadableReason {
  package var description: String {
    switch self {
    case .invalidJSON: "no JSON"
    case .notAnObject: "JSON, but no object"
    case .binary: "a binary message"
    case .unmatched: "an object that no message type matches"
    case .protocolError(let section, let code): "frames that break \(section) (close code \(code))"
    }
  }
}
