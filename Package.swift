// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let nio: [Target.Dependency] =
  ["NIOCore", "NIOPosix", "NIOHTTP1"].map { .product(name: $0, package: "swift-nio") }
  + ["NIOHTTP2", "NIOHPACK"].map { .product(name: $0, package: "swift-nio-http2") }

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ target: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
  .testTarget(
    name: "\(target)Tests", dependencies: [.init(stringLiteral: target)] + dependencies, resources: resources,
    swiftSettings: settings)
}

let package = Package(
  name: "spanstorm",
  products: [.executable(name: "spanstorm", targets: ["spanstorm"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Row 0: words, and the three C modules that the system lends us
    .target(name: "CLinux"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    library("TraceContext"),
    library("JSONText"),
    library("Timing", ["CLinux", histogram]),
    library("TransportSecurity", ["COpenSSL"]),
    // Row 1: documents
    library("Scenarios", ["TraceContext", "Timing", "TransportSecurity", .product(name: "Yams", package: "Yams")]),
    library("Observations", ["TraceContext", "Timing", "TransportSecurity"]),
    library("OTLPMessages", ["TraceContext", "JSONText"]),
    library("WebSocketProtocol", ["CZlib"]),
    // Row 2: decisions
    library("Planning", ["Scenarios", "TraceContext", "Timing", "TransportSecurity"]),
    library(
      "VirtualUsers",
      [
        "Planning", "Scenarios", "Observations", "WebSocketProtocol", "TraceContext", "JSONText", "Timing",
        "TransportSecurity",
      ]),
    library("Verification", ["Observations", "Scenarios", "TraceContext", "Timing"]),
    library(
      "Reporting", ["Verification", "Observations", "Scenarios", "TraceContext", "Timing", "TransportSecurity"]),
    // Row 3: machinery
    library("Reactor", ["Timing", "TransportSecurity", "CLinux", "COpenSSL"]),
    // Row 4: edges
    library(
      "LoadEngine",
      [
        "VirtualUsers", "Planning", "Scenarios", "Observations", "WebSocketProtocol", "Reactor", "TraceContext",
        "Timing",
        "TransportSecurity",
      ]),
    library(
      "OTLPCollector",
      ["OTLPMessages", "Observations", "Reactor", "TraceContext", "Timing", "TransportSecurity", "CZlib"] + nio),
    library(
      "ReferenceServer",
      ["Reactor", "OTLPMessages", "WebSocketProtocol", "TraceContext", "JSONText", "Timing", "TransportSecurity"]),
    // Row 5: the command
    .executableTarget(
      name: "spanstorm",
      dependencies: [
        "LoadEngine", "OTLPCollector", "ReferenceServer", "Reporting", "Verification", "Planning", "Scenarios",
        "Observations", "Reactor", "TraceContext", "Timing", "TransportSecurity", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    // Benchmarks
    .executableTarget(
      name: "benchmarks",
      dependencies: [
        "LoadEngine", "OTLPCollector", "OTLPMessages", "Planning", "Scenarios", "Observations", "Verification",
        "Reactor",
        "TraceContext", "Timing", "CLinux", "CZlib", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Benchmarks", swiftSettings: settings),
    // Tests
    .target(name: "TestInputs", path: "Tests/TestInputs", swiftSettings: settings),
    tests("TraceContext", ["TestInputs"]),
    tests("JSONText", ["TestInputs"]),
    tests("Timing", ["TestInputs"]),
    tests("TransportSecurity"),
    tests("Scenarios", ["TestInputs", "TraceContext", "Timing", "TransportSecurity"]),
    tests("WebSocketProtocol", ["TestInputs", "CZlib"]),
    tests("Planning", ["TestInputs", "Scenarios", "TraceContext", "JSONText", "Timing", "TransportSecurity"]),
    .testTarget(name: "ArchitectureTests", swiftSettings: settings),
    tests("OTLPMessages", ["TestInputs", "TraceContext"], resources: [.copy("Fixtures")]),
    tests(
      "OTLPCollector",
      [
        "TestInputs", "OTLPMessages", "Observations", "Reactor", "TraceContext", "Timing", "TransportSecurity", "CZlib",
      ] + nio + [.product(name: "NIOEmbedded", package: "swift-nio")]),
    tests("Observations", ["TraceContext", "Timing"]),
    tests(
      "VirtualUsers",
      [
        "TestInputs", "Planning", "Scenarios", "Observations", "WebSocketProtocol", "TraceContext", "Timing",
        "TransportSecurity",
      ]),
    tests("Verification", ["TestInputs", "Observations", "Scenarios", "TraceContext", "Timing"]),
    tests("Reporting", ["Verification", "Observations", "Scenarios", "TraceContext", "Timing", "TransportSecurity"]),
    tests("Reactor", ["TestInputs", "Timing", "TransportSecurity", "COpenSSL"]),
    tests(
      "LoadEngine",
      [
        "TestInputs", "Planning", "Scenarios", "Observations", "WebSocketProtocol", "Reactor", "TraceContext", "Timing",
        "TransportSecurity",
      ]),
    tests(
      "ReferenceServer",
      ["OTLPCollector", "OTLPMessages", "Observations", "WebSocketProtocol", "Reactor", "TraceContext", "Timing"]),
    .testTarget(
      name: "FuzzTests",
      dependencies: [
        "TestInputs", "WebSocketProtocol", "VirtualUsers", "JSONText", "Planning", "Scenarios", "TraceContext",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "spanstorm", "ReferenceServer", "Verification", "Reactor", "TraceContext", "TestInputs",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
  ]
)

// The oracle that our OTLP scanners are held against. Its package builds a compiler in C++, which a plain 'swift build'
// would wait ten minutes for: so it is there only where tests ask for it, and build no more than they need.
if Context.environment["SPANSTORM_ORACLE"] == "1" {
  package.dependencies.append(.package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"))
  package.targets.append(
    .testTarget(
      name: "OTLPOracleTests",
      dependencies: [
        "OTLPMessages", "TraceContext", "TestInputs", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Schemas", "regenerate.sh"], swiftSettings: settings))
}
