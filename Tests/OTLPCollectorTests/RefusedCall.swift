import OTLPMessages
import Testing

@testable import OTLPCollector

/// A call of gRPC that is refused, and how.
struct RefusedCall: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var call: GRPCCall
  var status: Int
  /// Part of the message.
  var message: String

  static let all = [
    RefusedCall(
      testDescription: "another service", call: GRPCCall(path: "/helloworld.Greeter/SayHello", body: message),
      status: 12, message: "opentelemetry.proto.collector"),
    RefusedCall(
      testDescription: "another method",
      call: GRPCCall(path: GRPCCall.path(.traces) + "All", body: message), status: 12, message: "/v1/traces"),
    RefusedCall(
      testDescription: "an unknown compression", call: GRPCCall(fields: [("grpc-encoding", "snappy")], body: message),
      status: 12, message: "gzip"),
    RefusedCall(testDescription: "no message", call: GRPCCall(), status: 12, message: "no message"),
    RefusedCall(
      testDescription: "two messages", call: GRPCCall(body: message + message), status: 12, message: "more than one"),
    RefusedCall(
      testDescription: "a prefix that ends early", call: GRPCCall(body: [0, 0]), status: 13, message: "ends early"),
    RefusedCall(
      testDescription: "a message that ends early", call: GRPCCall(body: message.dropLast()), status: 13,
      message: "ends early"),
    RefusedCall(
      testDescription: "an unknown flag", call: GRPCCall(body: [2] + message.dropFirst()), status: 13,
      message: "flag 2"),
    RefusedCall(
      testDescription: "compression without a name", call: GRPCCall(body: [1] + message.dropFirst()), status: 13,
      message: "grpc-encoding"),
    RefusedCall(
      testDescription: "no gzip",
      call: GRPCCall(fields: [("grpc-encoding", "gzip")], body: [1] + message.dropFirst()), status: 13,
      message: "not compressed"),
    RefusedCall(
      testDescription: "no protobuf", call: GRPCCall(body: GRPCCall.message(Array("no protobuf".utf8))), status: 3,
      message: "ExportTraceServiceRequest"),
    RefusedCall(
      testDescription: "a length of 2^32 in protobuf",
      call: GRPCCall(body: GRPCCall.message([0x0a, 0x80, 0x80, 0x80, 0x80, 0x10])), status: 3,
      message: "ends inside a field"),
    RefusedCall(
      testDescription: "a message beyond the limit", call: GRPCCall(body: GRPCCall.message([], length: 100_001)),
      status: 8, message: "100000 bytes"),
    RefusedCall(
      testDescription: "a bomb",
      call: GRPCCall(
        fields: [("grpc-encoding", "gzip")],
        body: GRPCCall.message(
          (try? compressed([UInt8](repeating: 0, count: 20_000_000))) ?? [], isCompressed: true)),
      status: 8, message: "100000 bytes"),
  ]

  private static let message = GRPCCall.message(traceBody())
}
