package winnow_test

import (
	"testing"

	"github.com/winnowmail/winnow"
)

func TestEnhancedCode(t *testing.T) {
	for text, want := range map[string][3]int{"5.7.1": {5, 7, 1}, "4.7.10": {4, 7, 10}, "": {}, "5": {5}, "5.x.1": {5, 0, 1}, "5.7.1.2": {5, 7, 0}} {
		if got := (winnow.Reply{Enhanced: text}).EnhancedCode(); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
