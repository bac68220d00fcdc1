package main

import (
	"bytes"
	"strings"
	"testing"
)

// An operator who misspelt something is told what is wanted.
func TestFlagsSayWhatIsWanted(t *testing.T) {
	for want, args := range map[string][]string{
		`unknown flag -milte; did you mean "milter"? (dms -help lists all)`:                   {"-milte", "127.0.0.1:0"},
		`unknown flag -quux (dms -help lists all)`:                                            {"-quux"},
		`unknown flag -symbl; did you mean "symbol"? (dms history -help lists all)`:           {"history", "-symbl", "X"},
		`for flag -greylist-timeout: parse error: want a time such as 90s, 5m or 1h`:          {"-greylist-timeout", "5x"},
		`unknown name: want debug, info, warn or error`:                                       {"-log-level", "loud"},
		`unexpected argument "configtst"; did you mean "configtest"?`:                         {"configtst"},
		`unexpected argument "setup": a command comes first, its flags behind it`:             {"-monitoring=false", "setup"},
		`unexpected argument "more"`:                                                          {"serve", "more"},
		`-greylist needs -state`:                                                              {"serve", "-greylist"},
		`-state: "redis:/127.0.0.1" is neither a directory nor a URL: want redis://127.0.0.1`: {"-controller", "127.0.0.1:0", "-state", "redis:/127.0.0.1"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code == 0 || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit code %d, said %q, want %q", args, code, errs.String(), want)
		}
	}
}
