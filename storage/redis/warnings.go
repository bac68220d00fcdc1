package redis

import (
	"context"
	"fmt"
	"slices"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// warnings are what an operator has to mend.
type warnings struct {
	mu       sync.Mutex
	settings []string
	move     string // of the master, the latest
}

func (w *warnings) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Clone(w.settings)
	if w.move != "" {
		all = append(all, w.move)
	}
	return all
}

func (w *warnings) moved(text string) {
	w.mu.Lock()
	w.move = text
	w.mu.Unlock()
}

// settings are those of a server under which data may be lost, with the value
// that they should have.
func settings() [][3]string {
	return [][3]string{
		{"maxmemory-policy", "noeviction", "it removes what is stored when memory is short"},
		{"appendonly", "yes", "a restart may lose what was acknowledged"},
	}
}

// look looks at the settings of all masters and reports whether they answered.
func (s *Store) look(ctx context.Context) bool {
	masters := s.masters(ctx)
	if len(masters) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	var found []string
	for _, c := range masters {
		n := s.only
		if n == nil {
			n = s.nodeOf(c)
		}
		for _, set := range settings() {
			text, err := lookAt(ctx, c, set)
			if err != nil {
				if fate, _ := judge(err); fate != tryAgain {
					n.fail(err, failures)
				}
				return false
			}
			if text != "" {
				found = append(found, n.name+": "+text)
			}
		}
	}
	slices.Sort(found)
	s.warnings.mu.Lock()
	s.warnings.settings = slices.Compact(found)
	s.warnings.mu.Unlock()
	return true
}

// lookAt returns a warning about one setting of a server, "" for none.
func lookAt(ctx context.Context, c *goredis.Client, set [3]string) (string, error) {
	name, want, why := set[0], set[1], set[2]
	cmd := goredis.NewSliceCmd(ctx, "config", "get", name)
	err := c.Process(ctx, cmd)
	if fate, _ := judge(err); err != nil && fate != answered {
		return "", err
	}
	if pair := cmd.Val(); err == nil && len(pair) == 2 {
		if pair[1] == want {
			return "", nil
		}
		return fmt.Sprintf("%s is %v, not %s: %s", name, pair[1], want, why), nil
	}
	return fmt.Sprintf("it can't be told whether %s is %s, since CONFIG GET is not allowed", name, want), nil
}
