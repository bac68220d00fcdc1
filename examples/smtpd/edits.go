package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
)

// apply makes a Result's changes to a message's header. A server that keeps
// the header parsed makes them there instead.
func apply(raw []byte, edits []actions.HeaderEdit) []byte {
	fields, body := fieldsOf(raw)
	for _, e := range edits {
		if e.Remove {
			fields = remove(fields, e)
			continue
		}
		value := e.Value
		if !strings.Contains(value, "\n") { // a signature comes folded and must stay as it is
			value = mail.FoldHeader(e.Name, value, "")
		}
		field := []byte(e.Name + ": " + value + "\r\n")
		at := len(fields) // Index 0: the end
		if e.Index > 0 {
			at = min(e.Index-1, at)
		} else if e.Index < 0 {
			at = max(0, at+1+e.Index)
		}
		fields = slices.Insert(fields, at, field)
	}
	return append(bytes.Join(fields, nil), body...)
}

// fieldsOf splits a message into its header fields, continuations included,
// and the rest, which begins with the blank line.
func fieldsOf(raw []byte) (fields [][]byte, body []byte) {
	for len(raw) > 0 && raw[0] != '\n' && !bytes.HasPrefix(raw, []byte("\r\n")) {
		end := 0
		for first := true; first || (end < len(raw) && (raw[end] == ' ' || raw[end] == '\t')); first = false {
			n := bytes.IndexByte(raw[end:], '\n')
			if n < 0 {
				end = len(raw)
				break
			}
			end += n + 1
		}
		fields, raw = append(fields, raw[:end:end]), raw[end:]
	}
	return fields, raw
}

// remove deletes the fields of a name: all, or the nth from either end.
func remove(fields [][]byte, e actions.HeaderEdit) [][]byte {
	var at []int
	for i, f := range fields {
		if name, _, ok := bytes.Cut(f, []byte(":")); ok && strings.EqualFold(strings.TrimSpace(string(name)), e.Name) {
			at = append(at, i)
		}
	}
	if n := len(at); e.Index != 0 {
		i := e.Index - 1
		if e.Index < 0 {
			i = n + e.Index
		}
		if i < 0 || i >= n {
			return fields
		}
		at = at[i : i+1]
	}
	for _, i := range slices.Backward(at) {
		fields = slices.Delete(fields, i, i+1)
	}
	return fields
}
