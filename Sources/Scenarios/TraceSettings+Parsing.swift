import TraceContext
import Yams

extension DocumentReader {
  mutating func readTrace(_ node: Node) -> TraceSettings? {
    guard let word = text(node, named: "trace") else { return nil }
    guard word == "fresh" else {
      reportUnknown(word, what: "trace", among: ["fresh"], at: node)
      return nil
    }
    return .fresh
  }
}
