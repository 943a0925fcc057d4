@echo off
rem Runs the tests of calc_ipc on this machine, those in the folder bin beside this file. What each printed stands beside it.
cd /d "%~dp0bin"
set failed=0
for %%t in (calc_ipc_*tests*.exe calc_ipc_c_null.exe calc_ipc_cxx_null.exe calc_ipc_two_units.exe) do call :run %%t
ver
if %failed%==0 (echo all passed) else (echo %failed% of them failed)
exit /b %failed%

:run
echo == %1
%1 >"..\%~n1.txt" 2>&1
if errorlevel 1 (
    echo FAILED, see %~n1.txt
    set /a failed+=1
)
exit /b 0
