package winnow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/internal/exact"
	"github.com/winnowmail/winnow/storage"
)

// A recordedCall is one call of a check to the store, with what came back.
type recordedCall struct {
	Op string `json:"op"` // the method's name in lower case
	// Args are all arguments as text; a long one is "sha256:" and its digest.
	Args []string `json:"args"`
	// Result is what the method returned, as JSON whose strings are escaped as
	// those of the Transcript.
	Result json.RawMessage `json:"result,omitempty"`
	Error  *storeError     `json:"error,omitempty"`
}

// A storeError is an error of the store as checks see it, recorded or not: its
// text, and what errors.Is says of it.
type storeError struct {
	Text string `json:"text"`
	// Kinds names the errors of package storage and of contexts that it is.
	Kinds []string `json:"kinds,omitempty"`
}

// Error returns the text of the store's error.
func (e *storeError) Error() string { return e.Text }

// Is reports whether the store's error was target, wrapped or not: one of the
// errors of package storage, context.Canceled or context.DeadlineExceeded.
func (e *storeError) Is(target error) bool {
	return slices.ContainsFunc(storeKinds(), func(k storeKind) bool { return k.err == target && e.is(k.name) })
}

func (e *storeError) is(kind string) bool { return slices.Contains(e.Kinds, kind) }

// answers reports whether the store was there and said no, or the check itself
// gave up.
func (e *storeError) answers() bool {
	return slices.ContainsFunc(storeKinds(), func(k storeKind) bool { return k.answer && e.is(k.name) })
}

// A storeKind is an error that a check can tell from others.
type storeKind struct {
	name   string
	err    error
	answer bool // the store was there
}

// errStoreBudget is the kind of errors that come from the scan's budget.
var errStoreBudget = errors.New("the scan's budget is spent")

func storeKinds() []storeKind {
	return []storeKind{
		{"not found", storage.ErrNotFound, true}, {"not a number", storage.ErrNotNumber, true},
		{"bad key", storage.ErrBadKey, true}, {"too large", storage.ErrTooLarge, true},
		{"trimmed", storage.ErrTrimmed, true}, {"forgotten", storage.ErrForgotten, true},
		{"unsupported", storage.ErrUnsupported, true}, {"canceled", context.Canceled, true},
		{"closed", storage.ErrClosed, false}, {"unavailable", storage.ErrUnavailable, false},
		{"deadline", context.DeadlineExceeded, false}, {"budget", errStoreBudget, false},
	}
}

func newStoreError(err error, spent bool) *storeError {
	e := &storeError{Text: err.Error()}
	for _, k := range storeKinds() {
		if errors.Is(err, k.err) || spent && k.err == errStoreBudget {
			e.Kinds = append(e.Kinds, k.name)
		}
	}
	return e
}

// keep records a call.
func (k *checkStore) keep(op string, args []any, result any, failed *storeError) {
	c := recordedCall{Op: op, Args: argTexts(args), Error: failed}
	if _, nothing := result.(none); !nothing {
		c.Result, _ = exact.Marshal(result) // of the store's types, whose numbers are finite
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, c)
}

// replayed answers a call from the transcript: with the first call of that
// kind and with those arguments that was not used yet.
func replayed[T any](k *checkStore, op string, args []any) (v T, err error) {
	texts := argTexts(args)
	c, ok := k.take(op, texts)
	if ok && len(c.Result) > 0 {
		ok = exact.Unmarshal(c.Result, &v) == nil
	}
	if !ok {
		var nothing T
		v = nothing
		c.Error = &storeError{Text: "store call is not in the transcript", Kinds: []string{"unavailable"}}
		k.scan.rerun.miss(fmt.Sprintf("store: check %s: %s %q", k.check, op, texts))
	}
	k.note(c.Error)
	if c.Error != nil {
		return v, c.Error
	}
	return v, nil
}

func (k *checkStore) take(op string, args []string) (recordedCall, bool) {
	id := callID(op, args)
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.left[id]
	if len(list) == 0 {
		return recordedCall{}, false
	}
	k.left[id] = list[1:]
	return list[0], true
}

// byCall sorts recorded calls by what was asked.
func byCall(calls []recordedCall) map[string][]recordedCall {
	m := make(map[string][]recordedCall, len(calls))
	for _, c := range calls {
		id := callID(c.Op, c.Args)
		m[id] = append(m[id], c)
	}
	return m
}

func callID(op string, args []string) string { return fmt.Sprintf("%q %q", op, args) }

// maxArg is the longest argument that a transcript shows.
const maxArg = 256

func argTexts(args []any) []string {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = argText(a)
		if len(texts[i]) > maxArg || strings.HasPrefix(texts[i], "sha256:") {
			sum := sha256.Sum256([]byte(texts[i]))
			texts[i] = "sha256:" + hex.EncodeToString(sum[:])
		}
	}
	return texts
}

// argText writes an argument so that different ones differ.
func argText(a any) string {
	switch a := a.(type) {
	case string:
		return a
	case []byte:
		if a == nil {
			return "none"
		}
		return "=" + string(a)
	case time.Duration:
		return a.String()
	case time.Time:
		return a.UTC().Format(time.RFC3339Nano)
	}
	data, err := exact.Marshal(a)
	if err != nil {
		return fmt.Sprintf("%+v", a) // a number that is none
	}
	return string(data)
}
