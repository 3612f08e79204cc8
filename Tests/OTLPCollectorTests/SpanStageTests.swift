import OTLPMessages
import Observations
import Testing
import Timing
import TraceContext

@testable import OTLPCollector

@Suite("The stage of a body's spans")
struct SpanStageTests {
  private let now = Instant(nanoseconds: 9)

  @Test("turns a span into an observation, field by field")
  func fields() throws {
    var stage = SpanStage(ExporterNames())
    let (receipt, batch) = try stage.commit(traceBody(), at: now)
    let span = try #require(batch?.spans.first)
    #expect(
      span
        == SpanObservation(
          traceID: TraceID(high: 7, low: 1), spanID: SpanID(1), parentID: SpanID(0), start: 1, end: 6,
          name: NameIndex(0), service: 0, kind: .server, status: .ok, flags: 0x301))
    #expect(batch?.newNames.map(\.text) == ["step"])
    #expect(batch?.newServices.map(\.text) == ["chat/1"])
    #expect(batch?.receivedAt == now)
    #expect(
      receipt.shares == [
        ExporterShare(exporter: 0, scopeName: "tests", scopeVersion: "", spans: 1, invalidSpans: 0, newestEnd: 6)
      ])
  }

  @Test("drops what a broken body brought, and announces its names with the next one that uses any")
  func brokenBody() throws {
    var stage = SpanStage(ExporterNames())
    let broken = traceBody(spans: 2, name: "half") + [0x0a]
    #expect(throws: ScanError.self) { try stage.commit(broken, at: now) }
    let (receipt, batch) = try stage.commit(traceBody(spans: 3, name: "half"), at: now)
    #expect(receipt.validSpans == 3)
    #expect(batch?.spans.count == 3)
    #expect(batch?.newNames.map(\.text) == ["half"])
    #expect(try stage.commit(traceBody(spans: 1, name: "half"), at: now).1?.newNames.isEmpty == true)
  }

  @Test("counts spans with invalid IDs and does not deliver them")
  func invalidIDs() throws {
    var stage = SpanStage(ExporterNames())
    var encoder = ExportRequestEncoder(resource: [], scopeName: "")
    encoder.append(ExportedSpan(traceID: .zero, spanID: SpanID(1), name: "zero", start: 1, end: 2))
    let (receipt, batch) = try stage.commit(encoder.takeBody(), at: now)
    #expect(receipt.spans == 1)
    #expect(receipt.invalidSpans == 1)
    #expect(batch == nil)
  }

  @Test("gives a span the overflow name where the table is full, and announces only names that fit")
  func overflow() throws {
    var stage = SpanStage(ExporterNames())
    var encoder = ExportRequestEncoder(resource: [], scopeName: "")
    for number in 1...65_540 {
      encoder.append(
        ExportedSpan(
          traceID: TraceID(high: 1, low: 1), spanID: SpanID(UInt64(number)), name: "\(number)", start: 1, end: 2))
    }
    let (receipt, batch) = try stage.commit(encoder.takeBody(), at: now)
    #expect(receipt.spans == 65_540)
    #expect(receipt.overflowedNames == 5)
    #expect(batch?.newNames.count == 65_535)
    #expect(batch?.spans.suffix(5).allSatisfy { $0.name == .overflow } == true)
    #expect(batch?.newServices.map(\.text) == ["unknown_service"])
  }

  @Test("gives every service beyond the table the last index")
  func serviceOverflow() throws {
    var stage = SpanStage(ExporterNames())
    for number in 0..<65_535 { _ = try stage.commit(traceBody(service: "\(number)"), at: now) }
    let batch = try stage.commit(traceBody(service: "one more"), at: now).1
    #expect(batch?.spans.map(\.service) == [.max])
    #expect(batch?.newServices.isEmpty == true)
    #expect(try stage.commit(traceBody(service: "65534"), at: now).1?.spans.map(\.service) == [65_534])
  }

  @Test("hands on only the services that are asked for, and counts the others")
  func services() throws {
    var stage = SpanStage(ExporterNames(), services: ["chat"])
    let (other, nothing) = try stage.commit(traceBody(spans: 4, service: "shop"), at: now)
    #expect(nothing == nil)
    #expect(other.filteredSpans == 4)
    #expect(other.validSpans == 4)
    let (receipt, batch) = try stage.commit(traceBody(spans: 2, service: "chat"), at: now)
    #expect(batch?.spans.count == 2)
    #expect(receipt.filteredSpans == 0)
  }

  @Test("tells scopes apart up to a bound, and keeps no endless name of one")
  func scopes() throws {
    var stage = SpanStage(ExporterNames())
    stage.begin()
    var span = ScannedSpan()
    span.traceID = TraceID(high: 1, low: 1)
    let long = [UInt8](repeating: 0x61, count: 1 << 20)
    for number in 1...5000 {
      span.spanID = SpanID(UInt64(number))
      let name = Array("scope-\(number)".utf8)
      stage.beginScope(name: number == 1 ? long.span.bytes : name.span.bytes, version: name.span.bytes)
      stage.append(span, name: name.span.bytes)
    }
    let (receipt, _) = stage.commit(receivedAt: now)
    #expect(receipt.shares.count == 4096)
    #expect(receipt.validSpans == 5000)
    #expect(receipt.shares[0].scopeName.utf8.count == 256)
    #expect(receipt.shares[1].scopeName == "scope-2")
  }

  @Test("knows a body again by its spans, whatever their order and scopes")
  func fingerprints() throws {
    var stage = SpanStage(ExporterNames())
    let first = try stage.commit(traceBody(spans: 3), at: now).0
    #expect(try stage.commit(traceBody(spans: 3, name: "other"), at: now).0.fingerprint == first.fingerprint)
    #expect(try stage.commit(traceBody(spans: 2), at: now).0.fingerprint != first.fingerprint)
    #expect(try stage.commit(traceBody(spans: 4), at: now).0.fingerprint != first.fingerprint)
  }
}

extension SpanStage {
  fileprivate mutating func commit(_ body: [UInt8], at instant: Instant) throws -> (SpanReceipt, SpanBatch?) {
    begin()
    try TraceRequestScanner.scan(body.span.bytes, into: &self)
    return commit(receivedAt: instant)
  }
}
