package scanner

import (
	"path/filepath"

	"github.com/winnowmail/winnow/checks/signing"
	rules "github.com/winnowmail/winnow/signing"
)

// defaultKeys makes keys at Rspamd's default places count, if there are any:
// $DBDIR/dkim/DOMAIN.SELECTOR.key, and arc in the place of dkim.
func (s *Setup) defaultKeys() error {
	for _, name := range []string{"dkim", "arc"} {
		dir := filepath.Join(s.tree.Var("DBDIR"), name)
		files, err := s.tree.Glob(filepath.Join(dir, "*.key"))
		if err != nil {
			return err
		}
		if len(files) == 0 {
			continue
		}
		path, signs := filepath.Join(dir, "$domain.$selector.key"), &s.Families.Signing
		switch _, there := s.tree.Section(map[string]string{"dkim": "dkim_signing", "arc": "arc"}[name]); {
		case name == "dkim" && there && signs.DKIM == nil:
			r := rules.DKIM()
			r.Path = path
			signs.DKIM = &r
		case name == "arc" && there && signs.ARC == nil:
			signs.ARC = &signing.ARC{Rules: rules.ARC()}
			signs.ARC.Path = path
		}
	}
	return nil
}
