// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let bpfLibraries: [LinkerSetting] = [
    .linkedLibrary(":libbpf.a"),
    .linkedLibrary(":libelf.a"),
    .linkedLibrary(":libz.a"),
]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")

func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], plugins: [Target.PluginUsage] = []
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings, plugins: plugins)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["Fixtures"], resources: resources,
        swiftSettings: settings)
}

let package = Package(
    name: "imdswatch",
    products: [
        .executable(name: "imdswatch", targets: ["imdswatch"]),
        // for Benchmarks/ and Fuzz/, which are packages of their own
        .library(
            name: "Modules",
            targets: [
                "Detection", "ECS", "EQL", "Events", "Fixtures", "Probes", "Processes", "Recording",
                "RuleFiles", "Rules",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        .plugin(name: "EmbedPlugin", capability: .buildTool()),

        // Every Swift module that can be reached is named, also those that are not imported: types
        // of one hold types of another, and SwiftPM builds a target anew only where a module that
        // it names has changed.

        // Pure: bytes and values in, values out. No C, no clock, no file.
        library("Events"),
        library("EQL", ["Events"]),
        library("Detection", ["EQL", "Events"]),
        library("ECS", ["Detection", "EQL", "Events"]),

        // The host: the only places that touch C, /proc and BPF.
        .target(name: "CBPF", linkerSettings: bpfLibraries),
        .target(name: "CPlatform"),
        library("Platform", ["CPlatform"]),
        library("Processes", ["Events", "Platform"]),
        library("Probes", ["CBPF", "Events", "Platform"], plugins: ["EmbedPlugin"]),
        library("Output", ["Events", "Platform"]),

        .target(
            name: "Rules", exclude: ["pack"], swiftSettings: settings, plugins: ["EmbedPlugin"]),
        library("RuleFiles", ["Detection", "EQL", "Events", "Recording"]),
        library("Recording", ["Events"]),
        library("Lab", ["Platform"]),
        library(
            "Sensor",
            [
                "Detection", "ECS", "EQL", "Events", "Lab", "Output", "Platform", "Probes", "Processes",
                "Recording", log,
            ]),
        library(
            "Bench",
            [
                "Detection", "ECS", "EQL", "Events", "Platform", "Probes", "Recording",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ]),
        .executableTarget(
            name: "imdswatch",
            dependencies: [
                "Bench", "Detection", "ECS", "EQL", "Events", "Lab", "Output", "Platform", "Probes",
                "Processes", "Recording", "RuleFiles", "Rules", "Sensor", log,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .target(name: "Fixtures", dependencies: ["Events"], path: "Tests/Fixtures", swiftSettings: settings),
        tests("EventsTests", ["Events"]),
        tests("EQLTests", ["EQL", "Events"]),
        tests("DetectionTests", ["Detection", "EQL", "Events"]),
        tests("ECSTests", ["Detection", "ECS", "EQL", "Events", "Recording"], resources: [.copy("Golden")]),
        tests("OutputTests", ["Events", "Output", "Platform"]),
        tests("ProbesTests", ["CBPF", "Events", "Platform", "Probes"]),
        tests("ProcessesTests", ["Events", "Platform", "Processes"]),
        tests("RecordingTests", ["Events", "Recording"]),
        tests("RuleFilesTests", ["Detection", "EQL", "Events", "Recording", "RuleFiles", "Rules"]),
        tests("LabTests", ["Lab", "Platform"]),
        tests(
            "SensorTests",
            [
                "Detection", "ECS", "EQL", "Events", "Lab", "Output", "Platform", "Probes", "Processes",
                "Recording", "Sensor",
            ]),
        tests(
            "FuzzTests", ["Detection", "EQL", "Events", "Recording", "RuleFiles"],
            resources: [.copy("Corpus")]),
        tests(
            "DifferentialTests", ["Detection", "EQL", "Events"], resources: [.copy("reference.py")]),
        tests(
            "BenchTests",
            ["Bench", "Detection", "ECS", "EQL", "Events", "Platform", "Probes", "Recording"]),
        tests("DocumentationTests", ["Events"]),
        .testTarget(name: "KernelTests", exclude: ["helpers"], swiftSettings: settings),
    ]
)
