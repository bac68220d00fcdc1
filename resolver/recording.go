package resolver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// A Recording is every question of a scan with its reply, sorted by name and
// type. Marshalled to JSON and back it stays the same.
type Recording []Exchange

// An Exchange is one question and what came of it: an Answer, or Err.
type Exchange struct {
	Question Question
	Answer   Answer
	Err      *Error
}

type exchangeJSON struct {
	Question  string   `json:"question"`
	Records   []Record `json:"records,omitempty"`
	Authentic bool     `json:"authentic,omitempty"`
	Error     Kind     `json:"error,omitempty"`
	Detail    string   `json:"detail,omitempty"`
}

// MarshalJSON writes the question as "name TYPE" and records as lines of a
// zone file.
func (e Exchange) MarshalJSON() ([]byte, error) {
	j := exchangeJSON{Question: e.Question.String(), Records: e.Answer.Records, Authentic: e.Answer.Authentic}
	if e.Err != nil {
		j.Error, j.Detail = e.Err.Kind, e.Err.Detail
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Exchange) UnmarshalJSON(data []byte) error {
	var j exchangeJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	name, typ, _ := strings.Cut(j.Question, " ")
	qtype, ok := ParseType(typ)
	if !ok || name != Canonical(name) {
		return fmt.Errorf("%q is no DNS question", j.Question)
	}
	*e = Exchange{Question: Question{name, qtype}, Answer: Answer{j.Records, j.Authentic}}
	if j.Error != "" {
		if !j.Error.valid() {
			return fmt.Errorf("%q is no kind of DNS error", j.Error)
		}
		e.Err = &Error{name, qtype, j.Error, j.Detail}
	}
	return nil
}

// Resolver answers from the recording. A question that is not in it gets a
// temporary error of KindUnknown.
func (r Recording) Resolver() Resolver { return r.Replay(func(Question) {}) }

// Replay does what Resolver does, and also calls missing with each question
// that is not in the recording. missing may be called from several goroutines
// at once.
func (r Recording) Replay(missing func(Question)) Resolver {
	known := make(map[Question]Exchange, len(r))
	for _, e := range r {
		known[e.Question] = e
	}
	return Func(func(_ context.Context, name string, qtype uint16) (Answer, error) {
		q := Question{Canonical(name), qtype}
		e, ok := known[q]
		switch {
		case !ok:
			missing(q)
			return Answer{}, &Error{q.Name, q.Type, KindUnknown, "not in the recording"}
		case e.Err != nil:
			return Answer{}, e.Err
		}
		return e.Answer.Clone(), nil
	})
}
