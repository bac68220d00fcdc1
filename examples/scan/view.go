package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/score"
)

// A view renders results as text.
type view struct {
	bytes.Buffer
	colour bool
}

// Codes of ECMA-48.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (v *view) paint(code, text string) string {
	if !v.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func actionColour(a actions.Action) string {
	switch s := severity(a); {
	case s >= severity(actions.SoftReject):
		return red
	case s >= severity(actions.Greylist):
		return yellow
	}
	return green
}

// clean makes text from a message harmless for a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// byWeight returns the symbols, the weightiest first.
func byWeight(list []score.Scored) []score.Scored {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b score.Scored) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Score), math.Abs(a.Score)), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// line is the report of one of several messages.
func (v *view) line(name string, res *winnow.Result) {
	var top []string
	for _, s := range byWeight(res.Symbols) {
		if len(top) == 4 || s.Score == 0 {
			break
		}
		top = append(top, fmt.Sprintf("%s(%.2f)", s.Name, s.Score))
	}
	action := v.paint(actionColour(res.Action), fmt.Sprintf("%-15s", res.Action))
	fmt.Fprintf(v, "%s %7.2f  %s  %s\n", action, res.Score, clean(name), v.paint(dim, strings.Join(top, " ")))
}

// full is the report of one message.
func (v *view) full(name string, res *winnow.Result, explain bool) {
	fmt.Fprintf(v, "%s\n", v.paint(bold, clean(name)))
	fmt.Fprintf(v, "  %s  score %.2f of %.2f\n", v.paint(bold+";"+actionColour(res.Action), string(res.Action)), res.Score, res.Required)
	if p := res.PreResult; p != nil {
		fmt.Fprintf(v, "  asked for by %s: %s\n", clean(p.Check), clean(p.Message))
	}
	if explain {
		v.explain(res)
	} else {
		v.symbols(res.Symbols)
	}
	for _, in := range res.Incomplete {
		fmt.Fprintf(v, "  %s check %s: %s\n", v.paint(red, "incomplete:"), in.Check, in.Reason)
	}
	fmt.Fprintf(v, "  %s\n\n", v.paint(dim, fmt.Sprintf("scanned in %v", res.Took.Round(10*time.Microsecond))))
}

// symbols lists what counts, and in short what does not.
func (v *view) symbols(list []score.Scored) {
	width := 0
	for _, s := range list {
		width = max(width, len(s.Name))
	}
	var light []string
	for _, s := range byWeight(list) {
		if s.Score == 0 {
			light = append(light, s.Name)
		} else {
			v.symbol(&s, width)
		}
	}
	if len(light) > 0 {
		v.wrap("  without weight: ", light)
	}
}

func (v *view) symbol(s *score.Scored, width int) {
	colour := dim
	switch {
	case s.Score > 0:
		colour = red
	case s.Score < 0:
		colour = green
	}
	text := s.Def.Doc
	if len(s.Options) > 0 {
		text += " [" + shorten(clean(strings.Join(s.Options, ", ")), 120) + "]"
	}
	fmt.Fprintf(v, "  %s  %-*s  %s\n", v.paint(colour, fmt.Sprintf("%+7.2f", s.Score)), width, s.Name, strings.TrimSpace(text))
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// wrap prints words in lines of about 100 columns.
func (v *view) wrap(begin string, words []string) {
	column := len(begin)
	v.WriteString(begin)
	for i, w := range words {
		if i > 0 {
			v.WriteString(", ")
			column += 2
			if column+len(w) > 100 {
				v.WriteString("\n" + strings.Repeat(" ", len(begin)))
				column = len(begin)
			}
		}
		v.WriteString(w)
		column += len(w)
	}
	v.WriteByte('\n')
}

// A tally counts verdicts.
type tally struct {
	scanned, failed int
	actions         map[actions.Action]int
	severe          bool // -fail-on
	broken          bool // standard output was closed
}

func (t *tally) add(rep *report, failOn int) {
	if rep.err != nil {
		t.failed++
		return
	}
	t.scanned++
	t.actions[rep.action]++
	t.severe = t.severe || (failOn > 0 && severity(rep.action) >= failOn)
}

func (t *tally) summary() []byte {
	list := make([]actions.Action, 0, len(t.actions))
	for a := range t.actions {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b actions.Action) int {
		return cmp.Or(cmp.Compare(severity(b), severity(a)), cmp.Compare(a, b))
	})
	var parts []string
	for _, a := range list {
		parts = append(parts, fmt.Sprintf("%d %s", t.actions[a], a))
	}
	text := fmt.Sprintf("%d messages: %s", t.scanned, strings.Join(parts, ", "))
	if t.failed > 0 {
		text += fmt.Sprintf("; %d could not be read", t.failed)
	}
	return []byte(text + "\n")
}

// A progress line on a terminal, from the hundredth message on.
type progress struct {
	on    bool
	out   io.Writer
	shown bool
	last  time.Time
}

func (p *progress) step(scanned, failed int) {
	if !p.on || scanned < 100 || time.Since(p.last) < 200*time.Millisecond {
		return
	}
	p.last, p.shown = time.Now(), true
	fmt.Fprintf(p.out, "\r%d scanned, %d failed", scanned, failed)
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}
