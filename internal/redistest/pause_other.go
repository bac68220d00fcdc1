//go:build !unix

package redistest

// Pause skips the test: the system can't stop a process and let it go on.
func (s *Server) Pause() {
	s.t.Helper()
	s.t.Skip("the system has no signal that stops a process")
}

// Resume does nothing: nothing was paused.
func (s *Server) Resume() {}
