@echo off
rem Runs the tests of calc_ipc on this machine, those in the folder bin beside this file. What each printed stands beside it.
cd /d "%~dp0bin"
set failed=0
for %%t in (calc_ipc_*tests*.exe) do call :run %%~nt "[  PASSED  ]" "%%t"
for %%t in (calc_ipc_c_null.exe calc_ipc_cxx_null.exe calc_ipc_two_units.exe) do call :run %%~nt "passed" "%%t"
rem One program over every transport: what it prints is the same.
call :over npipe npipe://calc_ipc-run
call :over shm shm://calc_ipc-run
call :over tcp tcp://127.0.0.1:0
call :over exec "exec:///%cd:\=/%/calc_ipc_c_url.exe"
rem The command: a server, and what is said of it while it is there, and once it is gone.
start /b cmd /c "calc-ipc.exe serve npipe://calc_ipc-run shm://calc_ipc-run >..\calc_ipc_serve.txt 2>&1"
call :until calc_ipc_doctor ": healthy" calc-ipc.exe doctor npipe://calc_ipc-run
call :run calc_ipc_doctor_shm ": healthy" calc-ipc.exe doctor shm://calc_ipc-run
call :run calc_ipc_call "42" calc-ipc.exe call shm://calc_ipc-run MUL 6 7
if defined WINEHOMEDIR (
    echo LEFT OUT: calc_ipc_ls, since Wine lists no pipes
) else (
    call :run calc_ipc_ls "npipe://calc_ipc-run" calc-ipc.exe ls
)
rem The doctor says: process NUMBER answers.
set server=
for /f "tokens=1,2" %%a in (..\calc_ipc_doctor.txt) do if "%%a"=="process" set server=%%b
if defined server taskkill /f /pid %server% >nul 2>&1
call :until calc_ipc_gone ": no-server" calc-ipc.exe doctor npipe://calc_ipc-run
call :run calc_ipc_bench "round trips" calc-ipc.exe bench --quick
ver
if %failed%==0 (echo all passed) else (echo %failed% of them failed)
exit /b %failed%

:over
call :run calc_ipc_c_url_%1 "passed" calc_ipc_c_url.exe over %2 c_url.expected
exit /b 0

rem :run NAME WORDS PROGRAM ARGUMENT...: it has passed if it ends with 0 and has printed the words. What is killed may end with 0, too;
rem what crashes ends with a negative number.
:run
echo == %1
%3 %4 %5 %6 %7 %8 >"..\%1.txt" 2>&1
if %errorlevel%==0 find %2 "..\%1.txt" >nul
if not %errorlevel%==0 call :failed %1
exit /b 0

rem The same arguments: it is run again and again, until it prints the words.
:until
echo == %1
set tries=0
:again
%3 %4 %5 %6 %7 %8 >"..\%1.txt" 2>&1
find %2 "..\%1.txt" >nul
if %errorlevel%==0 exit /b 0
set /a tries+=1
if %tries% lss 1000 goto again
call :failed %1
exit /b 0

:failed
echo FAILED, see %1.txt
set /a failed+=1
exit /b 0
