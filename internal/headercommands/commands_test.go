package headercommands_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/headercommands"
	"github.com/winnowmail/winnow/internal/worktest"
)

// obey changes a header as Postfix does on commands.
func obey(fields [][2]string, cs []headercommands.Command) [][2]string {
	fields = slices.Clone(fields)
	for _, c := range cs {
		field := [2]string{c.Name, c.Value}
		switch c.Kind {
		case headercommands.Add:
			fields = append(fields, field)
		case headercommands.Insert:
			fields = slices.Insert(fields, min(c.Index-1, len(fields)), field)
		case headercommands.Change:
			at, n := -1, 0
			for i, f := range fields {
				if strings.EqualFold(f[0], c.Name) {
					if n++; n == c.Index {
						at = i
					}
				}
			}
			switch {
			case at >= 0 && c.Value == "":
				fields = slices.Delete(fields, at, at+1)
			case at >= 0:
				fields[at] = field
			case c.Value != "":
				fields = append(fields, field)
			}
		}
	}
	return fields
}

// header writes fields as a message.
func header(fields [][2]string) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f[0], strings.ReplaceAll(f[1], "\n", "\r\n"))
	}
	return b.String()
}

func names(fields [][2]string) []string {
	var ns []string
	for _, f := range fields {
		ns = append(ns, f[0])
	}
	return ns
}

func FuzzOf(f *testing.F) {
	f.Add([]byte{1, 2, 3, 1, 2}, []byte{0, 1, 0, 3, 1, 1, 1, 2, 2, 1, 253, 9})
	f.Add([]byte{1, 1, 1}, []byte{0, 1, 2, 0, 1, 255, 1, 1, 1, 1, 1, 1})
	f.Add([]byte{0, 2}, []byte{1, 3, 2, 1, 3, 254, 0, 3, 0, 1, 2, 0})
	f.Fuzz(func(t *testing.T, head, script []byte) {
		fields := [][2]string{{"From", "a@example.org"}} // Apply keeps a header from being empty
		for i, b := range head[:min(len(head), 20)] {
			fields = append(fields, [2]string{[]string{"X-A", "x-a", "X-B", "X-C"}[b%4], fmt.Sprintf("old %d", i)})
		}
		var edits []actions.HeaderEdit
		for i := 0; i+2 < len(script) && i < 60; i += 3 {
			e := actions.HeaderEdit{Remove: script[i]%2 == 0, Name: []string{"X-A", "X-B", "x-b", "X-D"}[script[i+1]%4], Index: int(int8(script[i+2]))}
			if !e.Remove {
				e.Value = strings.Repeat("new ", 30) + fmt.Sprint(i)
			}
			edits = append(edits, e)
		}
		want, err := winnow.Apply([]byte(header(fields)+"\r\nbody"), edits)
		if err != nil {
			t.Fatal(err)
		}
		got := header(obey(fields, headercommands.Of(names(fields), edits, "", ""))) + "\r\nbody"
		if got != string(want) {
			t.Errorf("edits %+v of\n%s\ngave\n%s\nwant\n%s", edits, header(fields), got, want)
		}
	})
}

// TestForgeries removes each of many fields that a sender wrote in the server's name.
func TestForgeries(t *testing.T) {
	worktest.Linear(t, "forged fields", 40_000, func(n int) func() {
		fields := slices.Repeat([]string{"Authentication-Results"}, n)
		var edits []actions.HeaderEdit
		for i := n; i > 0; i-- {
			edits = append(edits, actions.HeaderEdit{Remove: true, Name: "Authentication-Results", Index: i})
		}
		return func() {
			if cs := headercommands.Of(fields, edits, "", ""); len(cs) != n || cs[0].Index != n {
				t.Fatal(len(cs))
			}
		}
	})
}

// TestOwn: the action's field comes last, signatures before it.
func TestOwn(t *testing.T) {
	edits := []actions.HeaderEdit{
		{Remove: true, Name: "X-Spam"}, {Name: "DKIM-Signature", Value: "one", Index: 1}, {Name: "DKIM-Signature", Value: "two", Index: 1},
		{Remove: true, Name: "A"}, {Name: "B", Value: "b"}, {Name: "C", Value: "c;\r\n\tc", Index: 1}, {Name: "X-Spam", Value: "Yes", Index: 1},
	}
	got := headercommands.Of([]string{"a", "X-Spam", "Subject", "x-spam", "Subject"}, edits, "X-Spam", "Yes")
	C, I, A := headercommands.Change, headercommands.Insert, headercommands.Add
	want := []headercommands.Command{
		{C, 1, "A", ""}, {C, 2, "X-Spam", ""}, {C, 1, "X-Spam", ""}, {A, 0, "B", "b"}, {I, 1, "C", "c;\n\tc"},
		{I, 1, "DKIM-Signature", "one"}, {I, 2, "DKIM-Signature", "two"}, {C, 2, "X-Spam", ""}, {C, 1, "X-Spam", ""}, {C, 1, "X-Spam", "Yes"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	got = headercommands.Of([]string{"Subject", "subject"}, []actions.HeaderEdit{{Remove: true, Name: "Subject"}, {Name: "Subject", Value: "new"}}, "Subject", "new")
	if want := []headercommands.Command{{C, 2, "Subject", ""}, {C, 1, "Subject", "new"}}; !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
