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

/// Whether an event is what the first stage of a query waits for.
func starts(_ query: String, with event: borrowing Event, source: Query.Source = .live) throws -> Bool {
    try Query.compile(query, source: source).stages[0].program.matches(event)
}

extension Stage {
    /// `program.matches` in a form that `#expect` can take apart.
    func accepts(_ fields: [Field: FieldValue]) -> Bool {
        program.matches(.made(.document, fields))
    }
}
