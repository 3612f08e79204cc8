import Yams

extension DocumentReader {
  mutating func readTimeLimits(_ node: Node) -> TimeLimits {
    var limits = TimeLimits()
    let stages: [(name: String, path: WritableKeyPath<TimeLimits, Duration>)] = [
      ("dns", \.dns), ("tcp", \.tcp), ("proxy", \.proxy), ("tls", \.tls), ("upgrade", \.upgrade), ("close", \.close),
    ]
    let fields = mapping(node, named: "time-limits", keys: stages.map(\.name)) ?? [:]
    for stage in stages {
      if let limit = fields[stage.name].flatMap({ positiveDuration($0, named: stage.name) }) {
        limits[keyPath: stage.path] = limit
      }
    }
    return limits
  }
}
