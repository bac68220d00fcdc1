package languages

import (
	"fmt"
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
)

func TestFixtures(t *testing.T) {
	f := New(Options{Welcome: []string{"en", "cs"}, ByDomain: map[string][]string{"Moskva.example": {"ru"}}})
	checktest.Run(t, f, checktest.With(relay.New(relay.Options{}).Checks...))
}

func TestValidate(t *testing.T) {
	for want, o := range map[string]Options{
		`languages: Welcome[1]: "english" is no language of ISO 639-1`:        {Welcome: []string{"en", "english"}},
		`languages: Welcome[0]: "EN" is no language of ISO 639-1`:             {Welcome: []string{"EN"}},
		`languages: ByDomain[a.example][0]: "xx" is no language of ISO 639-1`: {ByDomain: map[string][]string{"a.example": {"xx"}}},
		"languages: MinConfidence: 2 is not between 0 and 1":                  {MinConfidence: 2},
		"languages: MinWords: -1 is not between 0 and 1048576":                {MinWords: -1},
	} {
		if err := o.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for _, o := range []Options{{}, {Off: true, Welcome: []string{"en"}}} {
		if f := New(o); f.Err != nil || len(f.Checks) != 0 {
			t.Errorf("%+v: %v, %d checks", o, f.Err, len(f.Checks))
		}
	}
}

// TestSitesOnce: a message for thousands is compared with each site once.
func TestSitesOnce(t *testing.T) {
	f := &family{welcome: newSet([]string{"en"}), byDomain: map[string]set{"a.example": newSet([]string{"de"}), "b.example": newSet([]string{"fr"})}}
	var rcpts []string
	for i := range 3000 {
		rcpts = append(rcpts, fmt.Sprintf("u%d@%s.example", i, []string{"a", "b", fmt.Sprint("x", i)}[i%3]))
	}
	if n := len(f.sites(mail.Parse(nil, mail.Envelope{Rcpts: rcpts}, mail.Limits{}))); n != 3 {
		t.Errorf("%d sites", n)
	}
	if n := len(f.sites(mail.Parse(nil, mail.Envelope{}, mail.Limits{}))); n != 1 {
		t.Errorf("%d sites without recipients", n)
	}
}
