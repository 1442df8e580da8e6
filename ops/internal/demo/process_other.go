//go:build unix && !linux

package demo

import "syscall"

// attributes put a child in a group of its own, so that Ctrl-C in a terminal reaches
// us alone and we end the children in order.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
