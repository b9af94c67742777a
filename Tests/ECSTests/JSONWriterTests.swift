import Testing

@testable import ECS
