import EQL
import Events
import Fixtures
import Testing

/// Whether a condition holds for an event.
func holds(_ condition: String, _ event: borrowing Event, role: Query.Role = .rule) throws -> Bool {
    do {
        let query = try Query.compile("any where " + condition, role: role, source: .documents)
        return query.stages[0].program.matches(event)
    } catch {
        Issue.record("\(error.rendered(in: "any where " + condition, file: "condition"))")
        throw error
    }
}

/// Why a query is refused; nil if it is not.
func refusal(_ query: String, role: Query.Role = .rule, source: Query.Source = .live) -> EQLError? {
    do throws(EQLError) {
        _ = try Query.compile(query, role: role, source: source)
        return nil
    } catch {
        return error
    }
}
