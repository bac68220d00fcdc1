package html

import (
	"context"
	"fmt"
	"strconv"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	whiteOnWhite = &symbols.Def{
		Name: "R_WHITE_ON_WHITE", Groups: group(), Weight: 4, OneShot: true,
		Doc: "more than a tenth of the text has a colour like the background given for it",
	}
	manyInvisible = &symbols.Def{
		Name: "MANY_INVISIBLE_PARTS", Groups: group(), Weight: 1, OneShot: true,
		Doc: "elements with text are not displayed, or shown in a colour like their background",
	}
	zeroFont = &symbols.Def{
		Name: "ZERO_FONT", Groups: group(), Weight: 1, OneShot: true,
		Doc: "elements with text have a font of size zero",
	}
)

// hiddenText is what was counted over all HTML parts.
type hiddenText struct {
	invisible, zero int
	white           int // bytes of text that is white on white
	transparent     int // the same with white space, and on unknown backgrounds
	colours         string
	where           []symbols.Evidence
	whiteAt, zeroAt []symbols.Evidence
}

func runVisibility(_ context.Context, t *checks.Task) error {
	var c hiddenText
	for _, x := range t.Message().AllTexts() {
		h := x.HTML()
		if h == nil {
			continue
		}
		for _, b := range h.Blocks {
			if b.Leaf() && holdsText(b.Tag) {
				c.count(x, b)
			}
		}
	}
	c.report(t)
	return nil
}

// holdsText tells the elements that are counted.
func holdsText(tag string) bool {
	switch tag {
	case "font", "span", "div", "p", "td":
		return true
	}
	return false
}

func (c *hiddenText) count(x *mail.Text, b *mail.Block) {
	n := len(b.Text)
	if b.Transparent {
		c.invisible++
		c.transparent += n
		if c.where == nil {
			c.where = place(x, b)
		}
		// Text on an unknown background may be on a picture.
		if !b.Color.Set || !b.Background.Set {
			return
		}
		c.white += inked(b.Text)
		if c.colours == "" && n > 0 {
			c.whiteAt = place(x, b)
			c.colours = fmt.Sprintf("%s color #%x%x%x bgcolor #%x%x%x", b.Tag,
				b.Color.R, b.Color.G, b.Color.B, b.Background.R, b.Background.G, b.Background.B)
		}
		return
	}
	if n == 0 {
		return
	}
	if !b.Visible {
		c.invisible++
		if c.where == nil {
			c.where = place(x, b)
		}
	}
	if b.FontSize == 0 {
		c.zero++
		if c.zeroAt == nil {
			c.zeroAt = place(x, b)
		}
	}
}

func (c *hiddenText) report(t *checks.Task) {
	if c.white > 0 {
		// What is transparent stands as blanks in the texts.
		seen := 0
		for _, x := range t.Message().AllTexts() {
			seen += inked(x.Plain())
		}
		white := c.white
		if t.Exact() {
			white, seen = c.transparent, sourceLen(t)-c.transparent
		}
		if rate := float64(white) / float64(seen+white); rate > 0.1 {
			t.HitAt(symbols.Hit{Def: whiteOnWhite, Factor: min(rate, 0.5) * 2, Options: []string{c.colours}, Evidence: c.whiteAt})
		}
	}
	if n := min(c.invisible, 10); n > 0 {
		factors := [...]float64{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1}
		t.HitAt(symbols.Hit{Def: manyInvisible, Factor: factors[n-1], Options: []string{strconv.Itoa(n)}, Evidence: c.where})
	}
	if n := c.zero; n > 0 {
		factor := 1.0
		if n <= 10 {
			n = min(n, 5)
			factor = [...]float64{0.1, 0.2, 0.2, 0.3, 0.5}[n-1]
		}
		t.HitAt(symbols.Hit{Def: zeroFont, Factor: factor, Options: []string{strconv.Itoa(n)}, Evidence: c.zeroAt})
	}
}

// sourceLen returns the bytes of all texts, with HTML's tags and styles: what
// Rspamd compares transparent text with.
func sourceLen(t *checks.Task) (n int) {
	for _, x := range t.Message().Texts() {
		n += len(x.UTF8())
	}
	return n
}

// inked counts the bytes that are no white space.
func inked(s string) int {
	n := 0
	for i := range len(s) {
		if !ascii.IsSpace(s[i]) {
			n++
		}
	}
	return n
}
