package dkim

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/dkimsig"
)

// signField signs a field of any form. In it BH stands for the body hash and
// B for the signature with all the white space around it.
func (k keys) signField(t testing.TB, raw, field string, b func(sig string) string) string {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	canon, length := dkimsig.Simple, int64(-1)
	if strings.Contains(field, "relaxed/relaxed") {
		canon = dkimsig.Relaxed
	}
	if _, l, ok := strings.Cut(field, "l="); ok {
		fmt.Sscan(l, &length)
	}
	sum, err := dkimsig.NewBody([]byte(body)).Hash(canon, crypto.SHA256, length)
	if err != nil {
		t.Fatal(err)
	}
	field = strings.Replace(field, "BH", base64.StdEncoding.EncodeToString(sum.Sum), 1)
	at := strings.Index(field, "B;")
	if at < 0 {
		at = strings.LastIndex(field, "B")
	}
	own := field[:at] + field[at+1:]
	w := crypto.SHA256.New()
	fields := dkimsig.Select(dkimsig.NewHeader([]byte(head+"\r\n")), []string{"from", "to"})
	dkimsig.HashHeader(w, canon, fields, []byte(own), at, at)
	sig, err := dkimsig.Sign(k.ed, w.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return field[:at] + b(base64.StdEncoding.EncodeToString(sig)) + field[at+1:]
}

func plain(sig string) string { return sig }

func folded(sig string) string {
	return " \r\n\t" + sig[:10] + "\r\n " + sig[10:20] + " \t " + sig[20:] + "\r\n "
}

// Signature fields as odd as RFC 6376 section 3.2 allows verify, and those
// that it does not allow are not taken for something else.
func TestOddFields(t *testing.T) {
	k := newKeys(t, 1024)
	for _, c := range []struct{ why, field, want string }{
		{"b= first", "DKIM-Signature: b=B; v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=e; h=from:to; bh=BH\r\n", "pass"},
		{"blanks before the colon", "DKIM-Signature \t: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=e; h=from:to; bh=BH; b=B\r\n", "pass"},
		{"blanks before the colon, simple", "DKIM-Signature : v=1; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; b=B\r\n", "pass"},
		{"b= in the middle, simple", "DKIM-Signature: v=1; a=ed25519-sha256; b=B; d=example.org; s=e; h=from:to; bh=BH\r\n", "pass"},
		{"semicolon at the end", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; b=B;\r\n", "pass"},
		{"fold at the end", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; b=B;\r\n\t\r\n", "pass"},
		{"folds in tags", "DKIM-Signature: v\r\n =\r\n 1; a=ed25519-sha256;\r\n\td = example.org ; s\t=e; h=from\r\n : to; bh=BH; b\r\n =B\r\n", "pass"},
		{"no space, folded name", "dkim-SIGNATURE:v=1;a=ed25519-sha256;c=relaxed/relaxed;d=example.org;s=e;h=from:to;bh=BH;b=B\r\n", "pass"},
		{"tags whose names end in b", "DKIM-Signature: v=1; zb=b=x; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; b=B; xb=2\r\n", "pass"},
		{"unknown tags, empty ones", "DKIM-Signature: v=1; foo=; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; z=From:x|To:y; b=B\r\n", "pass"},
		{"i= in capitals", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; i=Joe@EXAMPLE.ORG; s=e; h=from:to; bh=BH; b=B\r\n", "pass"},
		{"d= in capitals", "DKIM-Signature: v=1; a=ed25519-sha256; d=Example.ORG; i=@sub.example.org; s=E; h=from:to; bh=BH; b=B\r\n", "pass"},
		{"i= of a name that only ends so", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; i=@anexample.org; s=e; h=from:to; bh=BH; b=B\r\n", "permerror"},
		{"i= above d=", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; i=@org; s=e; h=from:to; bh=BH; b=B\r\n", "permerror"},
		{"b= twice", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=e; h=from:to; b=; bh=BH; b=B\r\n", "permerror"},
		{"d= twice, the same", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; d=example.org; s=e; h=from:to; bh=BH; b=B\r\n", "permerror"},
		{"h= without From", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=e; h=to:fromm; bh=BH; b=B\r\n", "permerror"},
		{"an empty tag", "DKIM-Signature: v=1;; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; b=B\r\n", ""}, // no tag is read beyond it: nobody signed
		{"B= is another tag", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; B=B\r\n", "permerror"},
		{"l= of a negative number", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; b=B; l= -1\r\n", "permerror"},
		{"l= in words", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; b=B; l=0x10\r\n", "permerror"},
		{"l= with leading zeros", "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=e; h=from:to; bh=BH; b=B; l=0007\r\n", "pass"},
		{"l= cuts a line end", "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=e; h=from:to; bh=BH; b=B; l=11\r\n", "pass"},
	} {
		for form, b := range map[string]func(string) string{"plain": plain, "folded": folded} {
			field := k.signField(t, message, c.field, b)
			sigs := verifyRaw(t, k.dns, field+message, Options{})
			got := ""
			for _, s := range sigs {
				got += string(s.Status)
			}
			if got != c.want {
				t.Errorf("%s, %s: %+v, want %q\n%s", c.why, form, sigs, c.want, field)
			}
		}
	}
}

// Key records in the forms that are published.
func TestOddKeyRecords(t *testing.T) {
	k := newKeys(t, 1024)
	field := k.sign(t, message, "s=e;")
	_, p, _ := strings.Cut(k.dns.(records)["e._domainkey.example.org"][0], "p=")
	for record, want := range map[string]string{
		"k=ed25519;p=" + p: "pass",
		" v = DKIM1 ;\tk = ed25519 ; p = " + p + " ; ":                    "pass",
		"v=DKIM1; k=ed25519; p=" + p[:9] + " " + p[9:20] + "\t " + p[20:]: "pass",
		"v=DKIM1; k=ed25519; n=a note, with = in it; p=" + p:              "pass",
		"v=DKIM1; K=ed25519; p=" + p:                                      "permerror", // then it is of RSA
		"v=DKIM1; k=ed25519; p=" + p + "; p=" + p:                         "permerror",
		"v=dkim1; k=ed25519; p=" + p:                                      "permerror",
		"v=DKIM1; k=ed25519; h=sha1; p=" + p:                              "permerror",
		"v=DKIM1; k=ed25519; h=sha1 : sha256; p=" + p:                     "pass",
		"v=DKIM1; k=ed25519; s= email ; t= y : s ; p=" + p:                "pass",
		"\"v=DKIM1; k=ed25519; p=" + p + "\"":                             "permerror",
	} {
		sigs := verifyRaw(t, records{"e._domainkey.example.org": {record}}, field+message, Options{})
		if len(sigs) != 1 || string(sigs[0].Status) != want {
			t.Errorf("%q: %+v, want %s", record, sigs, want)
		}
	}
}

// Line ends as they come, which signatures are made over as CRLF.
func TestOddLineEnds(t *testing.T) {
	k := newKeys(t, 1024)
	for _, c := range []string{"relaxed/relaxed", "simple/simple"} {
		field := k.signField(t, message, "DKIM-Signature: v=1; a=ed25519-sha256; c="+c+"; d=example.org; s=e; h=from:to; bh=BH; b=B\r\n", plain)
		for why, tt := range map[string]struct{ raw, want string }{
			"CRLF":                 {field + message, "pass"},
			"LF":                   {strings.ReplaceAll(field+message, "\r\n", "\n"), "pass"},
			"LF in the body only":  {field + strings.Replace(message, "Bob,\r\n", "Bob,\n", 1), "pass"},
			"no last line end":     {field + strings.TrimRight(message, "\r\n"), map[string]string{"relaxed/relaxed": "pass", "simple/simple": "pass"}[c]},
			"many last line ends":  {field + message + strings.Repeat("\r\n", 100), "pass"},
			"a space on the end":   {field + message + " \r\n", map[string]string{"relaxed/relaxed": "pass", "simple/simple": "fail"}[c]},
			"an empty line inside": {field + strings.Replace(message, "Bob,\r\n", "Bob,\r\n\r\n", 1), "fail"},
			"NUL on the end":       {field + message + "\x00", "fail"},
		} {
			if sigs := verifyRaw(t, k.dns, tt.raw, Options{}); len(sigs) != 1 || string(sigs[0].Status) != tt.want {
				t.Errorf("%s, %s: %+v, want %s", c, why, sigs, tt.want)
			}
		}
	}
	noBody := "From: ann@example.org\r\nTo: bob@example.com\r\n"
	field := k.signField(t, noBody+"\r\n", "DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=e; h=from:to; bh=BH; b=B\r\n", plain)
	for _, end := range []string{"", "\r\n", "\n", "\r\n\r\n\r\n"} {
		if sigs := verifyRaw(t, k.dns, field+noBody+end, Options{}); len(sigs) != 1 || sigs[0].Status != "pass" {
			t.Errorf("no body, %q: %+v", end, sigs)
		}
	}
}
