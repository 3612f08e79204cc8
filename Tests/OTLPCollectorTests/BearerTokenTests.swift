import Observations
import Testing

@testable import OTLPCollector

@Suite("The token")
struct BearerTokenTests {
  @Test(
    "is shown only by itself, behind its scheme in any case",
    arguments: [
      ("Bearer secret", true), ("bearer secret", true), ("BEARER secret", true), (nil, false), ("", false),
      ("secret", false), ("Bearer", false), ("Bearer ", false), ("Bearer secre", false), ("Bearer secrets", false),
      ("Bearer secretsecret", false), ("Bearer Secret", false), ("Bearer  secret", false), ("Basic secret", false),
    ] as [(String?, Bool)])
  func shown(field: String?, isShown: Bool) {
    #expect(BearerToken("secret").isShown(by: field) == isShown)
  }

  @Test("that is empty lets nobody in")
  func empty() {
    #expect(!BearerToken("").isShown(by: "Bearer "))
    #expect(!BearerToken("").isShown(by: "Bearer x"))
  }

  @Test("is demanded over HTTP before anything else is told, and the body is not kept")
  func http() throws {
    let collector = try CollectorUnderTest {
      $0.token = "secret"
      $0.bodyBudget = 10
    }
    let connection = try collector.connect()
    for path in ["/v1/traces", "/nowhere"] {
      let answer = try connection.answer(to: ExportRequest(path: path, body: traceBody(spans: 100)))
      #expect(answer.status == 401)
      #expect(answer.fields["www-authenticate"] == "Bearer")
      #expect(answer.message.contains("OTEL_EXPORTER_OTLP_HEADERS"))
      #expect(!answer.message.contains("secret"))
    }
    #expect(collector.counts.refusedRequests == 2)
    let fields = ExportRequest.protobuf + [("Authorization", "Bearer secret")]
    #expect(try connection.answer(to: ExportRequest(fields: fields)).status == 200)
  }

  @Test("is demanded by gRPC")
  func grpc() throws {
    let collector = try CollectorUnderTest { $0.token = "secret" }
    let connection = try GRPCConnection(port: collector.port)
    var call = GRPCCall(body: GRPCCall.message(traceBody()))
    let refused = try connection.answer(to: call, isEnded: false)
    #expect(refused.status == 16)
    #expect(!refused.message.contains("secret"))
    call.fields = [("authorization", "Bearer secret")]
    #expect(try connection.answer(to: call).status == 0)
    #expect(collector.spans.count == 1)
  }
}
