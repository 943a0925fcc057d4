module calc_ipc.invalid/example

go 1.19
