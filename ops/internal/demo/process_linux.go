package demo

import "syscall"

// attributes put a child in a group of its own, so that Ctrl-C in a terminal reaches
// us alone and we end the children in order, and have the kernel kill it when we die.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
