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
