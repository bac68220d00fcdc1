package scanner

import (
	"path/filepath"

	"github.com/winnowmail/winnow/config/ucl"
)

// lua refuses an operator's Lua files: nothing would tell that their rules are
// gone.
func (s *Setup) lua() error {
	for _, pattern := range []string{"rspamd.local.lua", "lua.local.d/*.lua"} {
		names, err := s.tree.Glob(filepath.Join(s.tree.Var("LOCAL_CONFDIR"), pattern))
		if err != nil {
			return err
		}
		for _, name := range names {
			return &ucl.Error{Pos: ucl.Pos{File: filepath.Clean(name)}, Kind: ucl.UnknownMacro,
				Msg: "Lua is not run here: write the rules as checks in Go (package checks), or as rules of regexp, multimap or force_actions, and take the file away"}
		}
	}
	return nil
}
