package pattern

import "testing"

func TestRead(t *testing.T) {
	for _, c := range []struct {
		in, yes, no string
	}{
		{"/^a.c$/", "abc", "xabc"}, {"/A/i", "a", "b"}, {"/a/iu", "A", "b"}, {`/^\/x\/$/`, "/x/", "x"}, {"a+", "xaax", "b"},
	} {
		re, err := Read(c.in)
		if err != nil || !re.MatchString(c.yes) || re.MatchString(c.no) {
			t.Errorf("%s: %v", c.in, err)
		}
	}
	for _, wrong := range []string{"/a", "/(/", "/a(?=b)/", "/a/x-y"} {
		if _, err := Read(wrong); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}
