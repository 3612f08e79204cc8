import OTLPMessages
import Observations
import Testing

@testable import OTLPCollector

@Suite("The table of metrics")
struct MetricTableTests {
  @Test("keeps the last of cumulative values, and adds where they begin anew")
  func cumulative() {
    var table = MetricTable.begun()
    table.append(sum(5, .cumulative, start: 1, time: 10))
    table.append(sum(8, .cumulative, start: 1, time: 20))
    #expect(table.series.map(\.reading) == [.sum(.int(8), isMonotonic: true)])
    // The process began again.
    table.append(sum(2, .cumulative, start: 25, time: 30))
    #expect(table.series.map(\.reading) == [.sum(.int(10), isMonotonic: true)])
    #expect(table.series.map(\.start) == [1])
    #expect(table.series.map(\.time) == [30])
  }

  @Test("adds up what several processes count that nothing tells apart, in whatever order they report")
  func interleaved() {
    var table = MetricTable.begun()
    for (start, value) in [(1, 100), (2, 50), (1, 101), (2, 51)] as [(UInt64, Int64)] {
      table.append(sum(value, .cumulative, start: start, time: UInt64(value)))
    }
    #expect(table.series.map(\.reading) == [.sum(.int(152), isMonotonic: true)])
  }

  @Test("keeps what many restarts amount to")
  func restarts() {
    var table = MetricTable.begun()
    for start in 1...100 as ClosedRange<UInt64> { table.append(sum(10, .cumulative, start: start, time: start * 10)) }
    #expect(table.series.map(\.reading) == [.sum(.int(1000), isMonotonic: true)])
  }

  @Test("takes no more texts and buckets than its limit")
  func bytes() {
    var table = MetricTable.begun()
    let long = String(repeating: "x", count: 65_536)
    for number in 0..<2000 as Range<Int64> {
      var point = sum(1, .cumulative, start: 1, time: 2)
      point.attributes = (0..<16).map { MetricPoint.Attribute("\($0)-\(number)", .string(long)) }
      table.append(point)
    }
    #expect(table.series.count * 16 * 65_536 <= MetricTable.byteLimit)
    #expect(table.droppedPoints == UInt64(2000 - table.series.count))
    var buckets = MetricTable.begun()
    for number in 0..<2000 as Range<Int64> {
      let histogram = MetricPoint.Histogram(
        MetricPoint.Totals(count: 1), bounds: [], bucketCounts: Array(repeating: 0, count: 16_384))
      buckets.append(
        MetricPoint(
          name: "h", unit: "", attributes: [MetricPoint.Attribute("n", .int(number))], start: 1, time: 2,
          value: .histogram(histogram, .cumulative)))
    }
    #expect(buckets.droppedPoints > 1500)
  }

  @Test("adds deltas up, and takes a repeated or an old one once")
  func delta() {
    var table = MetricTable.begun()
    table.append(sum(5, .delta, start: 1, time: 10))
    table.append(sum(3, .delta, start: 10, time: 20))
    table.append(sum(3, .delta, start: 10, time: 20))
    table.append(sum(5, .delta, start: 1, time: 10))
    #expect(table.series.map(\.reading) == [.sum(.int(8), isMonotonic: true)])
  }

  @Test("keeps the last value of a gauge, and no point without one")
  func gauge() {
    var table = MetricTable.begun()
    for (value, time) in [(1, 10), (7, 20)] as [(Int64, UInt64)] {
      table.append(MetricPoint(name: "g", unit: "", start: time, time: time, value: .gauge(.int(value))))
    }
    table.append(MetricPoint(name: "g", unit: "", start: 30, time: 30, value: .gauge(nil)))
    table.append(
      MetricPoint(name: "g", unit: "", start: 40, time: 40, hasNoRecordedValue: true, value: .gauge(.int(0))))
    #expect(table.series.map(\.reading) == [.gauge(.int(7))])
  }

  @Test("tells series apart by exporter, scope, name and attributes")
  func keys() {
    var table = MetricTable(ExporterNames())
    for service in ["a", "b"] {
      for scope in ["x", "y"] {
        table.begin(service: service, scope: scope)
        for name in ["m", "n"] {
          for room in [1, 2] as [Int64] {
            var point = sum(1, .cumulative, start: 1, time: 2)
            point.name = name
            point.attributes = [MetricPoint.Attribute("room", .int(room))]
            table.append(point)
            table.append(point)
          }
        }
      }
    }
    #expect(table.series.count == 16)
    #expect(table.series.first?.attributes == ["room": "1"])
  }

  @Test("holds no more series than its limit, and counts the points beyond")
  func limit() {
    var table = MetricTable.begun()
    for number in 0..<Int64(MetricTable.seriesLimit + 7) {
      var point = sum(1, .cumulative, start: 1, time: 2)
      point.attributes = [MetricPoint.Attribute("n", .int(number))]
      table.append(point)
    }
    #expect(table.series.count == MetricTable.seriesLimit)
    #expect(table.droppedPoints == 7)
  }

  private func sum(
    _ value: Int64, _ temporality: MetricPoint.Temporality, start: UInt64, time: UInt64
  ) -> MetricPoint {
    MetricPoint(
      name: "m", unit: "1", start: start, time: time, value: .sum(.int(value), temporality, isMonotonic: true))
  }
}

extension MetricTable {
  fileprivate static func begun() -> MetricTable {
    var table = MetricTable(ExporterNames())
    table.begin(service: "chat", scope: "meter")
    return table
  }

  fileprivate mutating func begin(service: String, scope: String) {
    let (service, scope) = (Array(service.utf8), Array(scope.utf8))
    beginResource(serviceName: service.span.bytes, serviceInstance: RawSpan())
    beginScope(name: scope.span.bytes, version: RawSpan())
  }
}
