import Foundation
import Observations
import TraceContext

/// A file with a line of JSON for every span, in the order of arrival.
struct SpanJournal {
  private struct Line: Encodable {
    let traceId: String
    let spanId: String
    let parentSpanId: String
    let name: String
    let kind: UInt8
    let startTimeUnixNano: String
    let endTimeUnixNano: String
    let status: UInt8
    let flags: UInt32
    let exporter: String
  }

  private let file: FileHandle
  private let encoder = JSONEncoder()
  private var names: [UInt32: String] = [:]
  private var exporters: [UInt16: String] = [:]
  private var hasFailed = false

  init(path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else { throw CocoaError(.fileWriteUnknown) }
    self.file = file
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  mutating func write(_ batch: SpanBatch) {
    for name in batch.newNames { names[name.index.rawValue] = name.text }
    for service in batch.newServices { exporters[service.index] = service.text }
    guard !hasFailed else { return }
    do {
      var lines = Data()
      for span in batch.spans {
        lines.append(try encoder.encode(line(span)))
        lines.append(UInt8(ascii: "\n"))
      }
      try file.write(contentsOf: lines)
    } catch {
      hasFailed = true
      complain("warning: spans can't be written to the file any more: \(error.localizedDescription)")
    }
  }

  private func line(_ span: SpanObservation) -> Line {
    Line(
      traceId: span.traceID.description, spanId: span.spanID.description, parentSpanId: span.parentID.description,
      name: names[span.name.rawValue] ?? "", kind: span.kind.rawValue, startTimeUnixNano: String(span.start),
      endTimeUnixNano: String(span.end), status: span.status.rawValue, flags: span.flags,
      exporter: exporters[span.service] ?? "")
  }
}
