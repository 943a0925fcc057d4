@echo off
rem Runs the tests of calc_ipc on this machine, those in the folder bin beside this file. What each printed stands beside it.
cd /d "%~dp0bin"
set failed=0
for %%t in (calc_ipc_*tests*.exe calc_ipc_c_null.exe calc_ipc_cxx_null.exe calc_ipc_two_units.exe) do call :run %%~nt "%%t"
rem One program over every transport: what it prints is the same.
call :over npipe npipe://calc_ipc-run
call :over shm shm://calc_ipc-run
call :over tcp tcp://127.0.0.1:0
call :over exec "exec:///%cd:\=/%/calc_ipc_c_url.exe"
rem The command: what it says of a server that is there, and of one that is not.
call :run calc_ipc_bench calc-ipc.exe bench --quick
ver
if %failed%==0 (echo all passed) else (echo %failed% of them failed)
exit /b %failed%

:over
call :run calc_ipc_c_url_%1 calc_ipc_c_url.exe over %2 c_url.expected
exit /b 0

:run
echo == %1
%2 %3 %4 %5 %6 >"..\%1.txt" 2>&1
rem What crashes ends with a negative number.
if not %errorlevel%==0 (
    echo FAILED, see %1.txt
    set /a failed+=1
)
exit /b 0
