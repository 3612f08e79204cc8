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

/// Of what is watched.
@Suite struct SpanStageDetailTests {
  private let now = Instant(nanoseconds: 9)
  private static let watch = SpanWatch(attributes: ["room", "size"], scope: true, links: true, events: true)

  @Test func `a span's detail holds its scope, watched values, links and events`() throws {
    var stage = SpanStage(ExporterNames(), watch: Self.watch)
    let batch = try #require(try stage.commit(Self.body(spans: 1), watching: Self.watch, at: now).1)
    let words = Dictionary(uniqueKeysWithValues: batch.newWords.map { ($0.index, $0.text) })
    let span = try #require(batch.spans.first)
    #expect(span.detail == 1)
    let detail = try #require(batch.details.first)
    #expect(words[detail.scope] == "tests")
    #expect(detail.attributes[0].digest == AttributeDigest.of(.string, "blue"))
    #expect(words[detail.attributes[0].text] == "blue")
    #expect(detail.attributes[1].digest == AttributeDigest.of(.int, "-5"))
    #expect(words[detail.attributes[1].text] == "-5")
    #expect(detail.attributes[2].digest == 0)
    #expect(detail.linkCount == 1)
    #expect(detail.links[0] == SpanDetail.SpanLink(traceID: TraceID(high: 3, low: 4), spanID: SpanID(5)))
    #expect(detail.eventCount == 5)
    #expect((0..<4).map { words[detail.events[$0]] } == ["e0", "e1", "e2", "e3"])
    #expect(words.count == 8)
  }

  @Test func `what is watched is announced once, survives a broken body, and is told anew of every body`() throws {
    var stage = SpanStage(ExporterNames(), watch: Self.watch)
    #expect(throws: ScanError.self) {
      try stage.commit(Self.body(spans: 2) + [0x0a], watching: Self.watch, at: now)
    }
    let first = try #require(try stage.commit(Self.body(spans: 1), watching: Self.watch, at: now).1)
    #expect(first.details.count == 1)
    #expect(first.newWords.map(\.text) == ["tests", "e0", "e1", "e2", "e3", "red", "-5", "blue"])
    let second = try #require(try stage.commit(Self.body(spans: 3), watching: Self.watch, at: now).1)
    #expect(second.newWords.isEmpty)
    #expect(second.spans.map(\.detail) == [1, 2, 3])
    #expect(second.details.map(\.linkCount) == [1, 1, 1])
    #expect(second.details.map(\.attributes[0].text) == Array(repeating: first.details[0].attributes[0].text, count: 3))
  }

  @Test func `parts of a span whose IDs are invalid are not taken for the next one's`() throws {
    let watch = SpanWatch(links: true)
    var stage = SpanStage(ExporterNames(), watch: watch)
    var encoder = ExportRequestEncoder(resource: [], scopeName: "")
    let link = ExportedSpan.Link(traceID: TraceID(high: 3, low: 4), spanID: SpanID(5))
    encoder.append(ExportedSpan(traceID: .zero, spanID: SpanID(1), name: "", start: 1, end: 2, link: link))
    encoder.append(ExportedSpan(traceID: TraceID(high: 1, low: 1), spanID: SpanID(2), name: "", start: 1, end: 2))
    encoder.append(
      ExportedSpan(traceID: TraceID(high: 1, low: 1), spanID: SpanID(3), name: "", start: 1, end: 2, link: link))
    let batch = try #require(try stage.commit(encoder.takeBody(), watching: watch, at: now).1)
    #expect(batch.spans.map(\.detail) == [0, 1])
    #expect(batch.details.map(\.linkCount) == [1])
  }

  @Test func `spans of which only the scope is known share one detail`() throws {
    let watch = SpanWatch(scope: true)
    var stage = SpanStage(ExporterNames(), watch: watch)
    let batch = try #require(try stage.commit(Self.body(spans: 3), watching: watch, at: now).1)
    #expect(batch.spans.map(\.detail) == [1, 1, 1])
    #expect(batch.details.count == 1)
    #expect(batch.newWords.map(\.text) == ["tests"])
  }

  @Test func `where nothing is watched no span has a detail`() throws {
    var stage = SpanStage(ExporterNames())
    let batch = try #require(try stage.commit(Self.body(spans: 2), at: now).1)
    #expect(batch.spans.map(\.detail) == [0, 0])
    #expect(batch.details.isEmpty)
    #expect(batch.newWords.isEmpty)
  }

  @Test func `the words of services that are not asked for are not kept`() throws {
    var stage = SpanStage(ExporterNames(), services: ["other"], watch: Self.watch)
    #expect(try stage.commit(Self.body(spans: 2), watching: Self.watch, at: now).1 == nil)
    var encoder = ExportRequestEncoder(resource: [Attribute("service.name", .string("other"))], scopeName: "own")
    encoder.append(ExportedSpan(traceID: TraceID(high: 1, low: 1), spanID: SpanID(2), name: "", start: 1, end: 2))
    let batch = try #require(try stage.commit(encoder.takeBody(), watching: Self.watch, at: now).1)
    #expect(batch.newWords.map(\.text) == ["own"])
    #expect(batch.details.count == 1)
  }

  private static func body(spans count: Int) -> [UInt8] {
    var encoder = ExportRequestEncoder(resource: [], scopeName: "tests")
    for number in 1...count {
      encoder.append(
        ExportedSpan(
          traceID: TraceID(high: 7, low: UInt64(number)), spanID: SpanID(UInt64(number)), name: "step", start: 1,
          end: 2,
          attributes: [
            Attribute("room", .string("red")), Attribute("moor", .string("green")), Attribute("size", .int(-5)),
            Attribute("room", .string("blue")),
          ],
          events: (0..<5).map { ExportedSpan.Event("e\($0)", time: 1) },
          link: ExportedSpan.Link(traceID: TraceID(high: 3, low: 4), spanID: SpanID(5))))
    }
    return encoder.takeBody()
  }
}

extension SpanStage {
  fileprivate mutating func commit(
    _ body: [UInt8], watching watch: SpanWatch = SpanWatch(), at instant: Instant
  ) throws -> (SpanReceipt, SpanBatch?) {
    begin()
    if watch.isEmpty {
      try TraceRequestScanner.scan(body.span.bytes, into: &self)
    } else {
      try TraceRequestScanner.scan(body.span.bytes, watching: WatchedParts(watch), into: &self)
    }
    return commit(receivedAt: instant)
  }
}
