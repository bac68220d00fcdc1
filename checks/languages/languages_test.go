package languages

import (
	"testing"

	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/relay"
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
