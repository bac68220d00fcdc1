package milter

import (
	"sync"
	"time"

	protocol "github.com/d--j/go-milter"
)

// whileAt tells the MTA of progress while do runs.
func (x *session) whileAt(m protocol.Modifier, do func()) {
	if m.Version() < 6 {
		do()
		return
	}
	var mu sync.Mutex // a report and the end
	var timer *time.Timer
	over, every := false, x.server.o.Timeouts.Progress
	mu.Lock()
	timer = time.AfterFunc(every, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over && m.Progress() == nil {
			timer.Reset(every)
		}
	})
	mu.Unlock()
	defer func() {
		timer.Stop()
		mu.Lock()
		over = true
		mu.Unlock()
	}()
	do()
}
