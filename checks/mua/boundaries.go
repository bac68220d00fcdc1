package mua

import (
	"regexp"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/symbols"
)

var (
	suspicious  = inMUA("SUSPICIOUS_BOUNDARY", 5, "the MIME boundary has one of four time stamps that spamware uses")
	suspicious2 = inMUA("SUSPICIOUS_BOUNDARY2", 4, "the MIME boundary has the time stamp 01C6527E of spamware")
	suspicious3 = inMUA("SUSPICIOUS_BOUNDARY3", 3, "the MIME boundary has a form of spamware that imitates Outlook")
	suspicious4 = inMUA("SUSPICIOUS_BOUNDARY4", 4, "the MIME boundary has a time stamp of 2004, the date is later")
	theBatBoun  = inHeaders("FORGED_MUA_THEBAT_BOUN", 2, "X-Mailer names The Bat! 1, the MIME boundary is not of it")
)

func boundarySymbols() []*symbols.Def {
	return []*symbols.Def{suspicious, suspicious2, suspicious3, suspicious4, theBatBoun}
}

// boundaries are forms of raw Content-Type values.
type boundaries struct {
	fixed, fixed2, dashes, stamp2004, later *regexp.Regexp
}

func newBoundaries() *boundaries {
	next := func(stamp string) *regexp.Regexp {
		return regexp.MustCompile(`(?is)^multipart.+boundary="----=_NextPart_000_[A-Z\d]{4}_` + stamp + `\.[A-Z\d]{8}"$`)
	}
	return &boundaries{
		fixed:     next(`(?:00EBFFA4|0102FFA4|32C6FFA4|3302FFA4)`),
		fixed2:    next(`01C6527E`),
		dashes:    regexp.MustCompile(`(?is)^multipart.+boundary="-----000-00\d\d-01C[\dA-F]{5}-[\dA-F]{8}"$`),
		stamp2004: next(`01C4[\dA-F]{4}`),
		later:     regexp.MustCompile(`^\w\w\w,\s+\d+\s+\w\w\w 20(?:0[5-9]|1\d)`),
	}
}

func runBoundaries(t *checks.Task, b *boundaries) error {
	h := t.Message().Header()
	dashed := func(s string) bool {
		return ascii.ContainsFold(s, `boundary="-----`) || ascii.ContainsFold(s, `boundary="----=`)
	}
	if h.FindRaw("content-type", dashed) != nil {
		hit(t, suspicious, h.FindRaw("content-type", b.fixed.MatchString))
		hit(t, suspicious2, h.FindRaw("content-type", b.fixed2.MatchString))
		hit(t, suspicious3, h.FindRaw("content-type", b.dashes.MatchString))
		if f := h.FindRaw("content-type", b.stamp2004.MatchString); f != nil && h.Find("date", b.later.MatchString) != nil {
			t.HitField(suspicious4, f)
		}
	}
	if h.Find("x-mailer", prefixed("The Bat! (v1.")) == nil ||
		h.Find("x-mailman-version", func(s string) bool { return strings.ContainsAny(s, "0123456789") }) != nil {
		return nil
	}
	f := h.Find("content-type", func(s string) bool { return ascii.ContainsFold(s, "boundary") })
	if f != nil && h.Find("content-type", tenDashes) == nil {
		t.HitField(theBatBoun, f)
	}
	return nil
}

func tenDashes(s string) bool {
	const dashes = "----------"
	return strings.Contains(s, "boundary="+dashes) || strings.Contains(s, `boundary="`+dashes)
}
