package authres

import "testing"

// What a server found is kept when its header is read and written again, as
// it is when it becomes part of an ARC set: methods that stand several times,
// methods that nobody registered, and "none".
func TestResultsAreKept(t *testing.T) {
	for text, want := range map[string]string{
		"mx; dkim=pass header.d=a; dkim=fail header.d=b; dkim=pass header.d=a": "",
		"mx; x-vendor=good x-vendor.score=3; dara=pass header.d=x":             "",
		"mx; x-filter=odd-value (why) reason=z header.x=y":                     "",
		"mx; x-filter=ok score.total=1 reason=z":                               "mx; x-filter=ok reason=z score.total=1",
		"mx; none":                                                             "",
		"mx 1;none;":                                                           "mx; none",
		"mx; dkim=none (nothing); spf=none; vbr=none":                          "",
		"MX; sender-id=hardfail header.from=a@b; foo=none":                     "",
	} {
		if want == "" {
			want = text
		}
		h, err := Parse(text)
		if got := h.String(); err != nil || got != want {
			t.Errorf("%q is written as %q, %v", text, got, err)
		}
		if got := Merge(h.ServID, []string{text}).String(); got != want {
			t.Errorf("%q is merged as %q", text, got)
		}
	}
}
