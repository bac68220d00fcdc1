package score

import (
	"fmt"
	"testing"

	"github.com/winnowmail/winnow/symbols"
)

// BenchmarkSheet sums a usual message: 30 of 700 symbols, 40 composites of
// which a dozen concern it.
func BenchmarkSheet(b *testing.B) {
	var defs []*symbols.Def
	for i := range 700 {
		defs = append(defs, def(fmt.Sprintf("SYM_%d", i), float64(i%7)/2-1, fmt.Sprintf("g%d", i%15)))
	}
	m := Metric{Groups: map[string]Group{"g1": {Max: 3}, "g2": {Max: 4, Min: -2}}}
	for i := range 40 {
		m.Composites = append(m.Composites, Composite{
			Def:        def(fmt.Sprintf("COMP_%d", i), 1),
			Expression: fmt.Sprintf("(SYM_%d | SYM_%d) & -SYM_%d & !SYM_%d", i*8, i*5, i*15, i*3+1),
			Policy:     Policy(i % 4),
		})
	}
	c := compile(b, m, defs...)
	var hits []symbols.Hit
	for i := range 30 {
		h := hit(defs[i*20], 1)
		if i%3 == 0 {
			h.Options = []string{"example.org", "1.00"}
		}
		hits = append(hits, h)
	}
	for name, record := range map[string]bool{"plain": false, "steps": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := c.NewSheet()
				if record {
					s.Record()
				}
				for _, h := range hits {
					s.Add(h)
				}
				s.Compose(1)
				s.Grow(15)
				s.Compose(2)
				if len(s.Symbols()) == 0 {
					b.Fatal("nothing")
				}
			}
		})
	}
}

func BenchmarkParseExpression(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseExpression("(HAS_X_POS | HAS_PHPMAILER_SIG) & HAS_WP_URI & (PHISHING | DBL_PHISH[a,/b/i] | ~g+:fuzzy)"); err != nil {
			b.Fatal(err)
		}
	}
}
