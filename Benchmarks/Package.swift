// swift-tools-version: 6.2
import PackageDescription

// Measures the parts of the sensor in instructions and allocations, which do
// not depend on what else the machine does. A package of its own, so that
// nothing here is built with the product.
let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "imdswatch", path: "..")],
    targets: [
        .target(name: "CMeasure"),
        .executableTarget(
            name: "micro", dependencies: ["CMeasure", .product(name: "Modules", package: "imdswatch")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    ]
)
